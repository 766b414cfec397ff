import type { IconName } from "../design/Icon.jsx";
import type { TaskList } from "../gen/duet/task/v1/task_list_service_pb.js";

/** Where tasks are looked at; each has an address. */
export type Place =
  | { at: "all" | "inbox" | "today" | "upcoming" | "trash" }
  | { at: "list"; id: string }
  | { at: "label"; label: string };

/** The places that everybody has, in the order in which they are shown. */
export const fixedPlaces = [
  { at: "inbox", href: "/inbox", title: "Inbox", icon: "inbox", keys: "g i" },
  { at: "today", href: "/today", title: "Today", icon: "sun", keys: "g t" },
  { at: "upcoming", href: "/upcoming", title: "Upcoming", icon: "calendar", keys: "g u" },
  { at: "all", href: "/", title: "All tasks", icon: "list", keys: "g l" },
  { at: "trash", href: "/trash", title: "Trash", icon: "trash", keys: "g x" },
] as const satisfies readonly {
  at: Place["at"];
  href: string;
  title: string;
  icon: IconName;
  keys: string;
}[];

/** The place of an address; none for that of a task. */
export function placeOf(path: string): Place | undefined {
  const fixed = fixedPlaces.find(({ href }) => href === path);
  if (fixed) return { at: fixed.at };
  const [, kind, name] = /^\/(lists|labels)\/([^/]+)$/.exec(path) ?? [];
  if (kind === "lists" && name) return { at: "list", id: name };
  if (kind === "labels" && name) return { at: "label", label: decodeURIComponent(name) };
  return undefined;
}

/** The address of a place. */
export function addressOf(place: Place): string {
  if (place.at === "list") return `/lists/${place.id}`;
  if (place.at === "label") return `/labels/${encodeURIComponent(place.label)}`;
  return fixedPlaces.find(({ at }) => at === place.at)?.href ?? "/";
}

/** The id of the list that a place shows, and that new tasks go to from there. */
export function listOf(place: Place, lists: readonly TaskList[]): string {
  if (place.at === "list") return place.id;
  return place.at === "inbox" ? (lists.find(({ inbox }) => inbox)?.id ?? "") : "";
}

export function titleOf(place: Place, lists: readonly TaskList[]): string {
  if (place.at === "label") return `#${place.label}`;
  if (place.at === "list") return lists.find(({ id }) => id === place.id)?.title ?? "List";
  return fixedPlaces.find(({ at }) => at === place.at)?.title ?? "";
}
