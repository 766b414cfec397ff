import { create } from "@bufbuild/protobuf";
import { type TaskTime, TaskTimeSchema } from "../gen/duet/task/v1/task_service_pb.js";

/** For how long the clock and its zone are not looked at again, in milliseconds: rows ask by the hundred. */
const GLANCE = 1_000;
let glanced = -Infinity;
let zone = "";
let now = { date: "", timeOfDay: "" };

/** The IANA name of the person's time zone, as the browser knows it. */
export function ownZone(): string {
  glance();
  return zone;
}

const DAY = 86_400_000;
/** The last minute that a task can have; in some zone it is later already. */
const LAST = Date.UTC(9999, 11, 31, 23, 59);
const weekday = new Intl.DateTimeFormat("en", { weekday: "long", timeZone: "UTC" });
const thisYear = new Intl.DateTimeFormat("en", { month: "short", day: "numeric", timeZone: "UTC" });
const otherYear = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeZone: "UTC" });
const whole = new Intl.DateTimeFormat("en", {
  weekday: "long",
  month: "long",
  day: "numeric",
  timeZone: "UTC",
});
const clock = new Intl.DateTimeFormat("en", { hour: "numeric", minute: "2-digit", timeZone: "UTC" });

/** A day or time of a task. */
export function taskTime(date: string, timeOfDay = "", timeZone = ""): TaskTime {
  return create(TaskTimeSchema, { date, timeOfDay, timeZone });
}

/** Today in the person's zone, as `2026-11-21`. */
export function today(): string {
  glance();
  return now.date;
}

/** The day so many days after another, as `2026-11-21`. */
export function dayAfter(date: string, days: number): string {
  return new Date(utc(date) + days * DAY).toISOString().slice(0, 10);
}

/** Where on the person's calendar and clock it is; what is in another zone is converted. */
export function local(time: TaskTime): { date: string; timeOfDay: string } {
  if (!time.timeOfDay || !time.timeZone || time.timeZone === ownZone()) return time;
  return wallOf(instantOf(time.date, time.timeOfDay, time.timeZone), ownZone());
}

/** `Today`, `Tomorrow 5:00 PM`, `Monday`, `Nov 21`: as short as it can be said. */
export function shownTaskTime(time: TaskTime): string {
  const { date, timeOfDay } = local(time);
  return timeOfDay ? `${shownDate(date)} ${shownTimeOfDay(timeOfDay)}` : shownDate(date);
}

/** `Today`, `Monday`, `Nov 21`. */
export function shownDate(date: string): string {
  const away = Math.round((utc(date) - utc(today())) / DAY);
  if (away === 0) return "Today";
  if (away === 1) return "Tomorrow";
  if (away === -1) return "Yesterday";
  if (away > 1 && away < 7) return weekday.format(utc(date));
  return (date.slice(0, 4) === today().slice(0, 4) ? thisYear : otherYear).format(utc(date));
}

/** `Saturday, November 21`, with the word for it if it is near. */
export function shownDayHeading(date: string): string {
  const away = Math.round((utc(date) - utc(today())) / DAY);
  const name = away >= -1 && away <= 1 ? `${shownDate(date)} · ` : "";
  return `${name}${whole.format(utc(date))}${date.slice(0, 4) === today().slice(0, 4) ? "" : `, ${date.slice(0, 4)}`}`;
}

/** `5:00 PM`. */
export function shownTimeOfDay(timeOfDay: string): string {
  return clock.format(new Date(`1970-01-01T${timeOfDay.slice(0, 5)}:00Z`));
}

/** Whether a `due` is over: a whole day is not before its midnight. */
export function isOver(due: TaskTime): boolean {
  const { date, timeOfDay } = local(due);
  if (!timeOfDay) return date < today();
  glance();
  return date < now.date || (date === now.date && timeOfDay.slice(0, 5) <= now.timeOfDay);
}

/** What the clocks of a zone show at a moment (epoch milliseconds). */
export function wallOf(instant: number, timeZone: string): { date: string; timeOfDay: string } {
  const shifted = new Date(Math.min(instant + offset(instant, timeZone), LAST)).toISOString();
  return { date: shifted.slice(0, 10), timeOfDay: shifted.slice(11, 16) };
}

/** The moment (epoch milliseconds) at which the clocks of a zone show this. */
function instantOf(date: string, timeOfDay: string, timeZone: string): number {
  const wall = utc(date) + Date.parse(`1970-01-01T${timeOfDay.slice(0, 5)}:00Z`);
  const guess = wall - offset(wall, timeZone);
  return wall - offset(guess, timeZone);
}

const formats = new Map<string, Intl.DateTimeFormat>();

function offset(instant: number, timeZone: string): number {
  let format = formats.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    formats.set(timeZone, format);
  }
  const parts = Object.fromEntries(
    format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]),
  );
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  const ofDay = ((hour * 60 + minute) * 60 + second) * 1_000;
  return midnight(year, month, day) + ofDay - Math.floor(instant / 1_000) * 1_000;
}

function glance(): void {
  const at = performance.now();
  if (at - glanced < GLANCE) return;
  glanced = at;
  zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  now = wallOf(Date.now(), zone);
}

function utc(date: string): number {
  const [year = 1970, month = 1, day = 1] = date.split("-").map(Number);
  return midnight(year, month, day);
}

/** Of any year: `Date.parse` knows none of five digits, and `Date.UTC` none of two. */
function midnight(year: number, month: number, day: number): number {
  return new Date(0).setUTCFullYear(year, month - 1, day);
}
