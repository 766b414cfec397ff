import type { TaskList } from "../gen/duet/task/v1/task_list_service_pb.js";
import { Priority, type TaskTime } from "../gen/duet/task/v1/task_service_pb.js";
import type { FoundTime } from "./dates.js";
import { shownTaskTime } from "./times.js";

/** A piece of what was typed that says something of the task. */
export type Part = { kind: "start" | "due" | "priority" | "label" | "list"; typed: string; shown: string };

export type Understood = {
  title: string;
  parts: readonly Part[];
  priority: Priority;
  labels: string[];
  taskListId?: string;
  start?: TaskTime;
  due?: TaskTime;
};

const words: Record<string, Priority> = {
  low: Priority.LOW,
  medium: Priority.MEDIUM,
  high: Priority.HIGH,
  urgent: Priority.URGENT,
};
/** As the contract has it. */
const MOST_LABELS = 20;

/**
 * What "call Ann tomorrow 5pm !high #home @Family" means. `left` are pieces that the person wants left as they are;
 * `times` reads dates, once it is there.
 */
export function understand(
  text: string,
  lists: readonly TaskList[],
  left: readonly string[],
  times?: (text: string) => FoundTime | undefined,
): Understood {
  const found: Understood = { title: "", parts: [], priority: Priority.NONE, labels: [] };
  const parts: Part[] = [];
  const take = (kind: Part["kind"], typed: string, shown: string) => {
    parts.push({ kind, typed, shown });
    return " ";
  };
  const isLeft = (typed: string) => left.includes(typed);

  let rest = text.replace(/(?<=^|\s)!(low|medium|high|urgent)(?=\s|$)/gi, (typed, word: string) => {
    if (found.priority !== Priority.NONE || isLeft(typed)) return typed;
    found.priority = words[word.toLowerCase()] ?? Priority.NONE;
    return take("priority", typed, capital(word));
  });
  rest = rest.replace(
    /(?<=^|\s)#(?:"([^"]{1,50})"|([^\s#"]{1,50}))(?=\s|$)/g,
    (typed, long?: string, short?: string) => {
      const label = (long ?? short ?? "").trim();
      if (!label || isLeft(typed) || found.labels.length >= MOST_LABELS) return typed;
      if (!found.labels.includes(label)) found.labels.push(label);
      return take("label", typed, `#${label}`);
    },
  );
  rest = rest.replace(/(?<=^|\s)@(?:"([^"]+)"|(\S+))(?=\s|$)/g, (typed, long?: string, short?: string) => {
    const name = (long ?? short ?? "").toLowerCase();
    const list =
      lists.find(({ title }) => title.toLowerCase() === name) ??
      lists.find(({ title }) => title.toLowerCase().startsWith(name));
    if (!list || isLeft(typed) || found.taskListId) return typed;
    found.taskListId = list.id;
    return take("list", typed, list.title);
  });
  const time = times?.(rest);
  if (time && !isLeft(time.typed)) {
    rest = `${rest.slice(0, time.index)} ${rest.slice(time.index + time.typed.length)}`;
    if (time.start) {
      found.start = time.start;
      take("start", time.typed, `from ${shownTaskTime(time.start)}`);
    }
    found.due = time.due;
    take("due", time.typed, shownTaskTime(time.due));
  }
  const title = rest.replace(/\s+/g, " ").trim();
  return { ...found, parts, title: title || text.replace(/\s+/g, " ").trim() };
}

function capital(word: string): string {
  return `${word.charAt(0).toUpperCase()}${word.slice(1).toLowerCase()}`;
}
