import { createMemo, For, Show } from "solid-js";
import { Icon, type IconName } from "../design/Icon.jsx";
import { Priority, State } from "../gen/duet/task/v1/task_service_pb.js";
import type { Task } from "./task.js";
import { isOver, shownTaskTime } from "./times.js";

/** How a priority is named, and which class it has. */
export const priorities: Record<Priority, { name: string; look: string }> = {
  [Priority.UNSPECIFIED]: { name: "None", look: "none" },
  [Priority.NONE]: { name: "None", look: "none" },
  [Priority.LOW]: { name: "Low", look: "low" },
  [Priority.MEDIUM]: { name: "Medium", look: "medium" },
  [Priority.HIGH]: { name: "High", look: "high" },
  [Priority.URGENT]: { name: "Urgent", look: "urgent" },
};

type RowProps = {
  task: Task;
  /** Whether the Tab key comes by. */
  current: boolean;
  selected: boolean;
  /** What the round button in front of it does. */
  pressing: "tick" | "pick" | "restore";
  /** Whether its panel is open. */
  open: boolean;
  /** The list's name, where that does not go without saying. */
  list: string | undefined;
};

/** A task in a list. What is pressed in it is the list's to know, by `data-do`. */
export function TaskRow(props: RowProps) {
  // Whatever is read of what may change is kept account of, each time, and rows come by the hundred.
  const looks = createMemo(() => lookOf(props.task, props.pressing === "pick", props.selected));
  const facts = createMemo(() => factsOf(props.task, props.list));
  const tab = createMemo(() => (props.current ? 0 : -1));
  return (
    <div
      class="row"
      role="listitem"
      data-id={props.task.id}
      classList={{ "row-done": looks().isOver, "row-selected": props.selected, "row-open": props.open }}
    >
      <Show
        when={props.pressing !== "restore"}
        fallback={
          <button
            type="button"
            class="tick tick-restore"
            title="Restore"
            aria-label={`Restore “${props.task.title}”`}
            tabindex={tab()}
            data-do="restore"
          >
            <Icon name="restore" />
          </button>
        }
      >
        <button
          type="button"
          class={looks().tick}
          role="checkbox"
          aria-checked={looks().isChecked}
          aria-label={looks().label}
          tabindex={tab()}
          data-do={props.pressing}
        >
          <Show when={looks().icon}>{(icon) => <Icon name={icon()} />}</Show>
        </button>
      </Show>
      <div class="row-words">
        <a
          class="row-title"
          href={`/tasks/${props.task.id}`}
          noScroll
          tabindex={tab()}
          draggable={false}
          data-do="open"
        >
          {props.task.title}
        </a>
        <Show when={facts().length > 0}>
          <div class="facts-line">
            <For each={facts()}>
              {({ words, look, due }) => (
                <span class={`fact ${look}`}>
                  <Show when={due}>{(says) => <Icon name="calendar" says={says()} />}</Show>
                  {words}
                </span>
              )}
            </For>
          </div>
        </Show>
      </div>
    </div>
  );
}

/** How a row and the button in front of it look, while tasks are picked and else. */
function lookOf({ title, state, priority }: Task, isPicking: boolean, isPicked: boolean) {
  const isDone = state === State.COMPLETED;
  const isCancelled = state === State.CANCELLED;
  const isOver = isDone || isCancelled;
  const isOff = isCancelled && !isPicking;
  const isOn = isPicking ? isPicked : isDone;
  const icon: IconName | undefined = isOff ? "minus" : isPicking || isDone ? "check" : undefined;
  return {
    isOver,
    isChecked: isOn || isOff,
    icon,
    label: `${isPicking ? "Choose" : "Complete"} “${title}”`,
    tick: [
      `tick tick-${priorities[priority].look}`,
      isPicking ? "tick-square" : "",
      isOn ? "tick-on" : "",
      isOff ? "tick-off" : "",
    ].join(" "),
  };
}

/** What stands beside a title. A `due` is a time, by this word. */
type Fact = { words: string; look: string; due?: string };

function factsOf(
  { state, blocked, due, priority, labels, parentId }: Task,
  list: string | undefined,
): Fact[] {
  const facts: Fact[] = [];
  const add = (words: string, look = "", more?: Partial<Fact>) => facts.push({ words, look, ...more });
  if (state === State.IN_PROCESS) add("Begun", "fact-begun");
  if (blocked) add("Waiting", "fact-warm");
  if (due) {
    const isLate = (state === State.NEEDS_ACTION || state === State.IN_PROCESS) && isOver(due);
    add(shownTaskTime(due), isLate ? "fact-over" : "", { due: isLate ? "Overdue:" : "Due:" });
  }
  if (priority > Priority.NONE) add(priorities[priority].name, `fact-${priorities[priority].look}`);
  for (const label of labels) add(`#${label}`);
  if (parentId) add("Subtask");
  if (list) add(list);
  return facts;
}
