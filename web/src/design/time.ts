import { timestampDate, type Timestamp } from "@bufbuild/protobuf/wkt";

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
export function shownDay(time: Timestamp | undefined): string {
  return time ? day.format(timestampDate(time)) : "";
}

/** `Nov 21, 2026, 5:30 PM`. */
export function shownTime(time: Timestamp | undefined): string {
  return time ? dayAndTime.format(timestampDate(time)) : "";
}

/** `5:30 PM`. */
export function shownClock(time: Timestamp | undefined): string {
  return time ? clock.format(timestampDate(time)) : "";
}

/** `2 hours ago`; the day where that is longer than two weeks ago. */
export function shownAgo(time: Timestamp | undefined): string {
  if (!time) return "";
  const passed = Date.now() - timestampDate(time).getTime();
  if (passed < 60_000) return "just now";
  for (const [unit, length, most] of units) {
    if (passed < length * most) return ago.format(-Math.floor(passed / length), unit);
  }
  return shownDay(time);
}
