import { timestampDate, type Timestamp } from "@bufbuild/protobuf/wkt";

/** A message, or epoch milliseconds. */
type Time = Timestamp | number | undefined;

const day = new Intl.DateTimeFormat("en", { dateStyle: "long" });
const dayAndTime = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });
const clock = new Intl.DateTimeFormat("en", { timeStyle: "short" });
const ago = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const units = [
  ["minute", 60_000, 60],
  ["hour", 3_600_000, 24],
  ["day", 86_400_000, 14],
] as const;

/** `November 21, 2026`, in the person's zone. */
export function shownDay(time: Time): string {
  return time ? day.format(dateOf(time)) : "";
}

/** `Nov 21, 2026, 5:30 PM`. */
export function shownTime(time: Time): string {
  return time ? dayAndTime.format(dateOf(time)) : "";
}

/** `5:30 PM`. */
export function shownClock(time: Time): string {
  return time ? clock.format(dateOf(time)) : "";
}

/** `2 hours ago`; the day where that is longer than two weeks ago. */
export function shownAgo(time: Time): string {
  if (!time) return "";
  const passed = Date.now() - dateOf(time).getTime();
  if (passed < 60_000) return "just now";
  for (const [unit, length, most] of units) {
    if (passed < length * most) return ago.format(-Math.floor(passed / length), unit);
  }
  return shownDay(time);
}

function dateOf(time: Timestamp | number): Date {
  return typeof time === "number" ? new Date(time) : timestampDate(time);
}
