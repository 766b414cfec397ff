import type { ParsedComponents } from "chrono-node";
import { casual } from "chrono-node/en";
import type { TaskTime } from "../gen/duet/task/v1/task_service_pb.js";
import { ownZone, taskTime, wallOf } from "./times.js";

/** A date in a text, and where it stands. */
export type FoundTime = { index: number; typed: string; start?: TaskTime; due: TaskTime };

/**
 * What chrono takes for a date and people hardly ever mean as one for a task: what is past, `now`, `the weekend` that
 * something is about, and how long something takes.
 */
const noDates =
  /\b(?:now|yesterday|last\s+\w+|(?:the|a|my|our|your)\s+weekend|(?<!\b(?:in|within)\s+)\d+\s*(?:min|mins|minutes?|h|hours?|days?|weeks?|months?|years?))\b/gi;

/** The first date in a text, read from now on; loaded when somebody is about to type one. */
export function findTime(text: string): FoundTime | undefined {
  const read = text.replace(noDates, (words) => "_".repeat(words.length));
  const result = casual.parse(read, new Date(), { forwardDate: true })[0];
  if (!result) return undefined;
  // "by Friday", "on Friday": the word belongs to the date.
  const lead = /(?:^|\s)((?:by|on|at|due|until|from)\s+)$/i.exec(text.slice(0, result.index))?.[1] ?? "";
  const index = result.index - lead.length;
  const typed = `${lead}${result.text}`;
  const first = timeOf(result.start);
  return result.end ? { index, typed, start: first, due: timeOf(result.end) } : { index, typed, due: first };
}

/** A time of day is one in the person's zone; without one, it is a day. */
function timeOf(parts: ParsedComponents): TaskTime {
  if (!parts.isCertain("hour")) {
    const [year, month, day] = [parts.get("year"), parts.get("month"), parts.get("day")];
    return taskTime([String(year).padStart(4, "0"), two(month), two(day)].join("-"));
  }
  const { date, timeOfDay } = wallOf(parts.date().getTime(), ownZone());
  return taskTime(date, timeOfDay, ownZone());
}

function two(value: number | null): string {
  return String(value).padStart(2, "0");
}

// What is compiled on first use is compiled now, before a key waits for it.
findTime("warm up tomorrow at 5pm or on 3 May");
