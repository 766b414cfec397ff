import { untrack } from "solid-js";
import { orderOf, type View } from "./filter.js";
import type { Place } from "./places.js";
import type { TaskStore } from "./store.js";
import type { Task } from "./task.js";
import { isOver, local, shownDayHeading, today } from "./times.js";

type Heading = (id: string, before: string | undefined) => string | undefined;

/** What stands above a task, behind the one before it: the day where days go on; undefined where nothing ever does. */
export function headingsOf(store: TaskStore, place: Place, view: View): Heading | undefined {
  if (!orderOf(place, view).startsWith("due")) return undefined;
  if (place.at !== "today" && place.at !== "upcoming") return undefined;
  const name = (of: string | undefined) => {
    const task = of === undefined ? undefined : untrack(() => store.get(of));
    return task && (place.at === "today" ? groupOf(task) : dayOf(task));
  };
  return (id, before) => {
    const own = name(id);
    return own === name(before) ? undefined : own;
  };
}

function dayOf(task: Task): string | undefined {
  return task.due && shownDayHeading(local(task.due).date);
}

function groupOf(task: Task): string {
  if (task.due && isOver(task.due) && local(task.due).date < today()) return "Overdue";
  return task.due && local(task.due).date === today() ? shownDayHeading(today()) : "Begun";
}
