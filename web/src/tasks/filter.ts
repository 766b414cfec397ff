import type { Place } from "./places.js";

/** What the controls of a view say, as it stands in its address. */
export type View = {
  /** A text to be found in titles and notes. */
  q: string;
  /** The least priority that is shown; empty: any. */
  priority: "" | "LOW" | "MEDIUM" | "HIGH" | "URGENT";
  due: "" | "overdue" | "today" | "week" | "none";
  label: string;
  /** Whether what is done is shown too. */
  done: boolean;
  /** An `order_by`; empty: the place's own. */
  sort: string;
  /** A filter in the server's language, in the place of all of the above but `sort`. */
  filter: string;
};

export const plainView: View = { q: "", priority: "", due: "", label: "", done: false, sort: "", filter: "" };

/** What can be asked of ListTasks. */
export type Query = { taskListId: string; filter: string; orderBy: string; showDeleted: boolean };

const dues = {
  overdue: "due < now()",
  today: "due = today()",
  week: "due <= today() + 7d",
  none: "NOT due:*",
} as const;

/** The orders that the controls offer. Empty: as the person has put them. */
export const orders = {
  "": "By hand",
  "due, priority": "Due date",
  "priority, due": "Priority",
  title: "Title",
  "create_time desc": "Newest first",
  "update_time desc": "Last changed",
} as const;

const placeOrders: Record<Place["at"], string> = {
  all: "create_time desc",
  inbox: "",
  list: "",
  today: "due, priority",
  upcoming: "due, priority",
  label: "due, priority",
  trash: "update_time desc",
};

/** The view that an address asks for. */
export function viewOf(search: string): View {
  const params = new URLSearchParams(search);
  const text = (name: string) => params.get(name) ?? "";
  return {
    q: text("q"),
    priority: oneOf(["LOW", "MEDIUM", "HIGH", "URGENT"], text("priority")),
    due: oneOf(["overdue", "today", "week", "none"], text("due")),
    label: text("label"),
    done: text("done") === "1",
    sort: text("sort"),
    filter: text("filter"),
  };
}

/** What goes behind the `?` of an address; empty, or with it. */
export function searchOf(view: View): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(view)) {
    if (value) params.set(name, value === true ? "1" : value);
  }
  return params.size > 0 ? `?${params}` : "";
}

/** Whether the view shows fewer tasks than its place has. */
export function isNarrowed(view: View): boolean {
  return Boolean(view.q || view.priority || view.due || view.label || view.filter);
}

/** Whether tasks leave the view once they are done. */
export function hidesDone(place: Place, view: View): boolean {
  return !view.done && !view.filter && place.at !== "trash";
}

/** In which order a view is; empty: as the person has put them. */
export function orderOf(place: Place, view: View): string {
  return view.sort === "position" ? "" : view.sort || placeOrders[place.at];
}

/** The view in the server's language. */
export function filterOf(place: Place, view: View): string {
  if (view.filter) return view.filter;
  const parts: string[] = [];
  if (place.at === "trash") parts.push("delete_time:*");
  if (place.at === "today") parts.push("(due <= today() OR start <= today())");
  if (place.at === "upcoming") parts.push("due > today()");
  if (place.at === "label") parts.push(`labels:${quoted(place.label)}`);
  if (view.q.trim()) parts.push(`text:${quoted(view.q.trim())}`);
  if (view.priority) parts.push(`priority >= ${view.priority}`);
  if (view.due) parts.push(dues[view.due]);
  if (view.label) parts.push(`labels:${quoted(view.label)}`);
  // Subtasks are seen with the task that they are of, until something is looked for.
  const whole = place.at === "all" || place.at === "inbox" || place.at === "list";
  if (whole && !isNarrowed(view)) parts.push("NOT parent_id:*");
  if (hidesDone(place, view)) parts.push("NOT state = COMPLETED", "NOT state = CANCELLED");
  return parts.join(" AND ");
}

/** A text as the server's language quotes it. */
export function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, "\\$&")}"`;
}

function oneOf<const T extends string>(allowed: readonly T[], value: string): T | "" {
  return allowed.find((name) => name === value) ?? "";
}
