import { createEffect, createMemo, createSignal, For, on, onCleanup, onMount, Show } from "solid-js";
import { Button } from "../design/Button.jsx";
import { Icon, type IconName } from "../design/Icon.jsx";
import type { TaskList } from "../gen/duet/task/v1/task_list_service_pb.js";
import type { NewTask, Outcome } from "./actions.js";
import { createDraft } from "../sessions/draft.js";
import type { FoundTime } from "./dates.js";
import { understand, type Part, type Understood } from "./understand.js";

/** How long after a key its text is read, in milliseconds: the key is painted first. */
const READING_DELAY = 80;

const icons: Record<Part["kind"], IconName> = {
  start: "calendar",
  due: "calendar",
  priority: "flag",
  label: "tag",
  list: "list",
};

type QuickAddProps = {
  lists: readonly TaskList[];
  /** Adds the task; answers what became of it. */
  onAdd: (fields: NewTask) => Promise<Outcome>;
  /** Hands over how to bring the focus here. */
  onReady: (focus: () => void) => void;
};

/** One line that makes a task; what is understood in it is shown before. */
export function QuickAdd(props: QuickAddProps) {
  let input!: HTMLInputElement;
  const isWide = matchMedia("(min-width: 40rem)").matches;
  const [draft, setDraft, forgetDraft] = createDraft<string>("quick-add", "");
  const [left, setLeft] = createSignal<readonly string[]>([]);
  const [read, setRead] = createSignal(draft());
  const [times, setTimes] = createSignal<(text: string) => FoundTime | undefined>();
  const load = () => {
    void import("./dates.js").then(({ findTime }) => setTimes(() => findTime));
  };
  const understood = createMemo(() => understand(read(), props.lists, left(), times()));
  createEffect(
    on(draft, (text) => {
      const timer = setTimeout(() => setRead(text), READING_DELAY);
      onCleanup(() => clearTimeout(timer));
    }),
  );
  onMount(() => {
    props.onReady(() => input.focus());
    const idle = setTimeout(load, 2_000);
    onCleanup(() => clearTimeout(idle));
  });

  const add = () => {
    const text = draft();
    const fields = understand(text, props.lists, left(), times());
    if (!fields.title) return;
    forgetDraft();
    setRead("");
    setLeft([]);
    void props.onAdd(taskOf(fields)).then((outcome) => {
      if (outcome === "refused" && draft() === "") setDraft(text);
    });
  };
  return (
    <form
      class="quick-add"
      onSubmit={(event) => {
        event.preventDefault();
        add();
      }}
    >
      <div class="quick-add-line">
        <Icon name="plus" />
        <input
          ref={input}
          aria-label="Add a task"
          placeholder={isWide ? "Add a task: call Ann 5pm !high #home" : "Add a task"}
          autocomplete="off"
          enterkeyhint="done"
          maxlength="500"
          aria-describedby="quick-add-parts"
          value={draft()}
          onFocus={load}
          onInput={(event) => setDraft(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Escape") input.blur();
          }}
        />
        <Show when={draft().trim()}>
          <Button look="main" type="submit">
            Add
          </Button>
        </Show>
      </div>
      <div id="quick-add-parts" class="chips" aria-live="polite">
        <For each={understood().parts}>
          {(part) => (
            <button
              type="button"
              class={`chip chip-${part.kind}`}
              title={`Leave “${part.typed}” as text`}
              onClick={() => {
                setLeft((all) => [...all, part.typed]);
                input.focus();
              }}
            >
              <Icon name={icons[part.kind]} />
              <span>
                <span class="unseen">{part.kind}: </span>
                {part.shown}
              </span>
              <Icon name="close" />
              <span class="unseen">, press to leave it as text</span>
            </button>
          )}
        </For>
      </div>
    </form>
  );
}

function taskOf({ title, priority, labels, taskListId, start, due }: Understood): NewTask {
  return {
    title,
    priority,
    labels,
    ...(taskListId && { taskListId }),
    ...(start && { start }),
    ...(due && { due }),
  };
}
