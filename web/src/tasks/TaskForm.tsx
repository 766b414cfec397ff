import { createUniqueId, Show } from "solid-js";
import { Button, IconButton } from "../design/Button.jsx";
import { FieldErrors } from "../design/Field.jsx";
import { Icon } from "../design/Icon.jsx";
import { Menu, type MenuItem } from "../design/Menu.jsx";
import { Notice, Trouble } from "../design/pieces.jsx";
import { Select } from "../design/Select.jsx";
import { shownAgo, shownDay, shownTime } from "../design/time.js";
import type { TaskList } from "../gen/duet/task/v1/task_list_service_pb.js";
import { Priority, State } from "../gen/duet/task/v1/task_service_pb.js";
import { offerCommands } from "../shell/commands.js";
import { guardUnsaved } from "../shell/leaving.js";
import { move, remove, restore, step, toggle } from "./actions.js";
import { useTasks } from "./context.js";
import { createEdits } from "./edits.js";
import { LabelsField } from "./LabelsField.jsx";
import { ParentLine } from "./ParentLine.jsx";
import { askParent, putUnder } from "./parents.js";
import { stateNames } from "./state-names.js";
import { Subtasks } from "./Subtasks.jsx";
import { isDone, type Task } from "./task.js";
import { priorities } from "./TaskRow.jsx";
import { TimeField } from "./TimeField.jsx";

/** What the server may find wrong, each of which says so itself. */
const fieldNames = ["title", "notes", "due", "start", "labels"];
const offered = [Priority.NONE, Priority.LOW, Priority.MEDIUM, Priority.HIGH, Priority.URGENT];

/** A task's fields to be read and changed, and what else can be done with it. */
export function TaskForm(props: { task: Task; lists: readonly TaskList[]; onClose: () => void }) {
  const store = useTasks();
  const title = createUniqueId();
  const notes = createUniqueId();
  const { shown, changed, set, saving, discard } = createEdits(store, () => props.task);
  let form!: HTMLFormElement;
  const isDeleted = () => props.task.deleteTime !== undefined;
  guardUnsaved(changed, discard);
  offerCommands(() =>
    changed()
      ? [
          {
            group: "Tasks",
            title: "Save the task",
            keys: "mod+s",
            icon: "check",
            run: () => form.requestSubmit(),
          },
        ]
      : [],
  );
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    if (changed()) form.requestSubmit();
  };
  return (
    <div class="panel-body" onKeyDown={onKeyDown}>
      <div class="panel-head">
        <TaskState task={props.task} />
        <Show when={!isDeleted()}>
          <TaskMenu task={props.task} onClose={props.onClose} />
        </Show>
        <IconButton icon="close" label="Close the task" onClick={() => props.onClose()} />
      </div>
      <Show when={isDeleted()}>
        <Notice tone="warm">
          <p>This task is in the trash until {shownDay(props.task.purgeTime)}.</p>
          <Button look="quiet" icon="restore" onClick={() => void restore(store, props.task)}>
            Restore
          </Button>
        </Notice>
      </Show>
      <Show when={props.task.parentId} keyed>
        {(id) => <ParentLine id={id} onLeave={() => void putUnder(store, props.task, "")} />}
      </Show>
      <form ref={form} class="panel-form" onSubmit={saving.onSubmit}>
        <div class="field">
          <label class="unseen" for={title}>
            Title
          </label>
          <textarea
            id={title}
            class="title-field"
            rows="1"
            maxlength="500"
            disabled={isDeleted()}
            value={shown().title}
            aria-invalid={saving.violations("title").length > 0 ? "true" : undefined}
            aria-describedby={`${title}-errors`}
            onInput={(event) => set({ title: event.currentTarget.value.replace(/\s*\n\s*/g, " ") })}
            onKeyDown={(event) => {
              if (event.key === "Enter") event.preventDefault();
            }}
          />
          <FieldErrors id={`${title}-errors`} errors={saving.violations("title")} />
        </div>
        <div class="field">
          <label class="unseen" for={notes}>
            Notes
          </label>
          <textarea
            id={notes}
            class="notes-field"
            rows="3"
            placeholder="Notes"
            disabled={isDeleted()}
            value={shown().notes}
            aria-invalid={saving.violations("notes").length > 0 ? "true" : undefined}
            aria-describedby={`${notes}-errors`}
            onInput={(event) => set({ notes: event.currentTarget.value })}
          />
          <FieldErrors id={`${notes}-errors`} errors={saving.violations("notes")} />
        </div>
        <Show when={!isDeleted()}>
          <Subtasks task={props.task} />
          <TimeField
            label="Due"
            value={shown().due}
            errors={saving.violations("due")}
            onChange={(due) => set({ due })}
          />
          <TimeField
            label="Start"
            value={shown().start}
            errors={saving.violations("start")}
            onChange={(start) => set({ start })}
          />
          <div class="panel-pair">
            <Select
              label="Priority"
              value={String(shown().priority)}
              options={offered.map((priority) => [String(priority), priorities[priority].name])}
              onChange={(value) =>
                set({ priority: offered.find((priority) => String(priority) === value) ?? Priority.NONE })
              }
            />
            <Select
              label="List"
              value={props.task.taskListId}
              options={props.lists.map(({ id, title, inbox }) => [id, inbox ? "Inbox" : title])}
              onChange={(taskListId) => void move(store, props.task, { taskListId })}
            />
          </div>
          <LabelsField
            labels={shown().labels}
            known={store.labels()}
            errors={saving.violations("labels")}
            onChange={(labels) => set({ labels })}
          />
        </Show>
        <Show when={saving.error() !== undefined && !saving.onlyAbout(...fieldNames)}>
          <Trouble error={saving.error()} />
        </Show>
        <Show when={changed()}>
          <div class="panel-save">
            <Button look="main" type="submit" busy={saving.busy()}>
              Save
            </Button>
            <Button look="quiet" onClick={discard}>
              Discard
            </Button>
            <span class="small soft">Not saved yet</span>
          </div>
        </Show>
      </form>
      <p class="small soft" title={shownTime(props.task.createTime)}>
        Made {shownAgo(props.task.createTime)}, changed {shownAgo(props.task.updateTime)}
        <Show when={props.task.completeTime}>{(time) => <>, done {shownAgo(time())}</>}</Show>.
      </p>
    </div>
  );
}

function TaskState(props: { task: Task }) {
  const store = useTasks();
  return (
    <button
      type="button"
      class="panel-state"
      role="checkbox"
      aria-checked={isDone(props.task)}
      aria-label={`Complete “${props.task.title}”`}
      disabled={props.task.deleteTime !== undefined}
      onClick={() => void toggle(store, props.task)}
    >
      <span
        class={`tick tick-${priorities[props.task.priority].look}`}
        classList={{
          "tick-on": props.task.state === State.COMPLETED,
          "tick-off": props.task.state === State.CANCELLED,
        }}
      >
        <Icon name={props.task.state === State.CANCELLED ? "minus" : "check"} />
      </span>
      {stateNames[props.task.state]}
    </button>
  );
}

function TaskMenu(props: { task: Task; onClose: () => void }) {
  const store = useTasks();
  const items = (): MenuItem[] => {
    const { task } = props;
    const all: MenuItem[] = [];
    if (task.state === State.NEEDS_ACTION) {
      all.push({ label: "Begin", icon: "bolt", run: () => void step(store, task, "start") });
    }
    if (!isDone(task))
      all.push({ label: "Cancel the task", icon: "minus", run: () => void step(store, task, "cancel") });
    all.push({ label: "Put it under another task…", icon: "right", run: () => askParent(task) });
    if (task.parentId) {
      all.push({
        label: "Make it a task of its own",
        icon: "up",
        run: () => void putUnder(store, task, ""),
      });
    }
    all.push({
      label: "Delete",
      icon: "trash",
      danger: true,
      run: () => {
        props.onClose();
        void remove(store, task);
      },
    });
    return all;
  };
  return (
    <Menu label="More" items={items()}>
      <Icon name="dots" />
    </Menu>
  );
}
