import { createSignal, For, Show } from "solid-js";
import { ask } from "../design/ask.jsx";
import { Button, IconButton } from "../design/Button.jsx";
import { Icon } from "../design/Icon.jsx";
import { Menu } from "../design/Menu.jsx";
import type { TaskList } from "../gen/duet/task/v1/task_list_service_pb.js";
import { Priority } from "../gen/duet/task/v1/task_service_pb.js";
import { BulkDialog } from "./BulkDialog.jsx";
import {
  completeMany,
  deleteMany,
  moveMany,
  purgeMany,
  reopenMany,
  restoreMany,
  sayResult,
  updateMany,
  type Failure,
} from "./bulk.js";
import { useTasks } from "./context.js";
import type { Selection } from "./selection.js";
import { isDone, type Task } from "./task.js";
import { priorities } from "./TaskRow.jsx";
import { offerUndo } from "./undo.js";

const offered = [Priority.NONE, Priority.LOW, Priority.MEDIUM, Priority.HIGH, Priority.URGENT];

type BarProps = { selection: Selection; ids: readonly string[]; lists: readonly TaskList[]; trash: boolean };

/** What can be done with all the tasks that are chosen. */
export default function BulkBar(props: BarProps) {
  const store = useTasks();
  const [busy, setBusy] = createSignal(false);
  const [asking, setAsking] = createSignal<"due" | "label">();
  const tasks = () => [...props.selection.picked()].flatMap((id) => store.get(id) ?? []);
  const count = () => props.selection.picked().size;

  const run = async (
    done: string | undefined,
    work: (tasks: Task[]) => Promise<Failure[]>,
    chosen = tasks(),
  ) => {
    if (busy() || chosen.length === 0) return [];
    setBusy(true);
    props.selection.clear();
    const failures = await work(chosen);
    setBusy(false);
    if (done || failures.length > 0) sayResult(done ?? "deleted", chosen.length, failures);
    return failures;
  };
  const complete = () => {
    const open = tasks().filter((task) => !isDone(task));
    void run("completed", (chosen) => completeMany(store, chosen), open);
  };
  const reopen = () =>
    void run("taken up again", (chosen) => reopenMany(store, chosen), tasks().filter(isDone));
  const remove = async () => {
    const chosen = tasks();
    const failures = await run(undefined, (all) => deleteMany(store, all), chosen);
    if (failures.length > 0 || chosen.length === 0) return;
    offerUndo(
      `${chosen.length === 1 ? "One task is" : `${chosen.length} tasks are`} in the trash.`,
      async () => {
        const deleted = chosen
          .flatMap(({ id }) => store.get(id) ?? [])
          .filter(({ deleteTime }) => deleteTime);
        sayResult("restored", deleted.length, await restoreMany(store, deleted));
      },
    );
  };
  const purge = async () => {
    const yes = await ask({
      title: count() === 1 ? "Remove this task for good?" : `Remove ${count()} tasks for good?`,
      text: "Nobody can bring them back.",
      yes: "Remove for good",
      danger: true,
    });
    if (yes) await run("removed for good", (chosen) => purgeMany(store, chosen));
  };

  return (
    <div class="bulk" role="toolbar" aria-label="What to do with the chosen tasks">
      <span class="bulk-count numbers" role="status">
        {count() === 0 ? "Choose tasks" : `${count()} chosen`}
      </span>
      <Show when={count() < props.ids.length && props.ids.length <= 1_000}>
        <Button look="quiet" onClick={() => props.selection.pickAll()}>
          All
        </Button>
      </Show>
      <Show when={count() > 0}>
        <Show
          when={!props.trash}
          fallback={
            <>
              <Button
                icon="restore"
                onClick={() => void run("restored", (chosen) => restoreMany(store, chosen))}
              >
                Restore
              </Button>
              <Button icon="trash" onClick={() => void purge()}>
                Remove for good
              </Button>
            </>
          }
        >
          <Show
            when={tasks().some((task) => !isDone(task))}
            fallback={
              <Button icon="restore" onClick={reopen}>
                Take up again
              </Button>
            }
          >
            <Button icon="check" onClick={complete}>
              Complete
            </Button>
          </Show>
          <Menu
            label="Move to a list"
            place="above"
            items={props.lists.map(({ id, title, inbox }) => ({
              label: inbox ? "Inbox" : title,
              icon: inbox ? "inbox" : "list",
              run: () => void run("moved", (chosen) => moveMany(store, chosen, id)),
            }))}
          >
            <Icon name="list" />
          </Menu>
          <Menu
            label="Set the priority"
            place="above"
            items={offered.map((priority) => ({
              label: priorities[priority].name,
              icon: "flag",
              run: () => void run("changed", (chosen) => updateMany(store, chosen, () => ({ priority }))),
            }))}
          >
            <Icon name="flag" />
          </Menu>
          <IconButton icon="calendar" label="Set the due date" onClick={() => setAsking("due")} />
          <IconButton icon="tag" label="Add a label" onClick={() => setAsking("label")} />
          <IconButton icon="trash" label="Delete" onClick={() => void remove()} />
        </Show>
      </Show>
      <IconButton icon="close" label="Choose none" onClick={() => props.selection.clear()} />
      <For each={asking() ? [asking()] : []}>
        {(what) => (
          <BulkDialog
            what={what ?? "due"}
            count={count()}
            onClose={() => setAsking(undefined)}
            onFields={(fields) => {
              setAsking(undefined);
              void run("changed", (chosen) => updateMany(store, chosen, fields));
            }}
          />
        )}
      </For>
    </div>
  );
}
