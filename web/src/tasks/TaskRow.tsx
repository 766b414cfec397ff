import { createMemo, For, Show } from "solid-js";
import { Icon } from "../design/Icon.jsx";
import { Priority, State, type Task } from "../gen/duet/task/v1/task_service_pb.js";
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
  const isDone = () => props.task.state === State.COMPLETED;
  const isCancelled = () => props.task.state === State.CANCELLED;
  const isPicking = () => props.pressing === "pick";
  const tab = () => (props.current ? 0 : -1);
  const hasFacts = () => {
    const { due, priority, labels, parentId, state, blocked } = props.task;
    return (
      Boolean(due ?? props.list) ||
      priority > Priority.NONE ||
      labels.length > 0 ||
      parentId !== "" ||
      blocked ||
      state === State.IN_PROCESS
    );
  };
  return (
    <div
      class="row"
      role="listitem"
      data-id={props.task.id}
      classList={{
        "row-done": isDone() || isCancelled(),
        "row-selected": props.selected,
        "row-open": props.open,
      }}
    >
      <span class="grip" aria-hidden="true" />
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
          class={`tick tick-${priorities[props.task.priority].look}`}
          classList={{
            "tick-square": isPicking(),
            "tick-on": isPicking() ? props.selected : isDone(),
            "tick-off": !isPicking() && isCancelled(),
          }}
          role="checkbox"
          aria-checked={isPicking() ? props.selected : isDone() || isCancelled()}
          aria-label={`${isPicking() ? "Choose" : "Complete"} “${props.task.title}”`}
          tabindex={tab()}
          data-do={props.pressing}
        >
          <Show when={isPicking() || isDone() || isCancelled()}>
            <Icon name={!isPicking() && isCancelled() ? "minus" : "check"} />
          </Show>
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
        <Show when={hasFacts()}>
          <Facts task={props.task} list={props.list} />
        </Show>
      </div>
    </div>
  );
}

function Facts(props: { task: Task; list: string | undefined }) {
  const isLate = createMemo(() => {
    const { due, state } = props.task;
    const isOpen = state === State.NEEDS_ACTION || state === State.IN_PROCESS;
    return due !== undefined && isOpen && isOver(due);
  });
  return (
    <div class="facts-line">
      <Show when={props.task.state === State.IN_PROCESS}>
        <span class="fact fact-begun">Begun</span>
      </Show>
      <Show when={props.task.blocked}>
        <span class="fact fact-warm">Waiting</span>
      </Show>
      <Show when={props.task.due}>
        {(due) => (
          <span class="fact" classList={{ "fact-over": isLate() }}>
            <Icon name="calendar" />
            <span class="unseen">{isLate() ? "Overdue:" : "Due:"}</span>
            {shownTaskTime(due())}
          </span>
        )}
      </Show>
      <Show when={props.task.priority > Priority.NONE}>
        <span class={`fact fact-${priorities[props.task.priority].look}`}>
          {priorities[props.task.priority].name}
        </span>
      </Show>
      <For each={props.task.labels}>{(label) => <span class="fact">#{label}</span>}</For>
      <Show when={props.task.parentId}>
        <span class="fact">Subtask</span>
      </Show>
      <Show when={props.list}>{(list) => <span class="fact">{list()}</span>}</Show>
    </div>
  );
}
