import { useNavigate } from "@solidjs/router";
import { State } from "../gen/duet/task/v1/task_service_pb.js";
import { offerCommands, type Command } from "../shell/commands.js";
import { remove, restore, step, toggle } from "./actions.js";
import { askParent, putUnder } from "./parents.js";
import type { Selection } from "./selection.js";
import type { TaskStore } from "./store.js";
import { isDone, type Task } from "./task.js";
import { lastUndo } from "./undo.js";

type Where = {
  selection: Selection;
  ids: () => readonly string[];
  isTrash: () => boolean;
  isByHand: () => boolean;
  onMove: (id: string, by: -1 | 1) => void;
  quickAdd: () => void;
  showDone: () => void;
  open: () => string | undefined;
};

/** What can be done with the task that the keyboard is at, from the palette and by keys. */
export function offerTaskCommands(store: TaskStore, where: Where): void {
  const navigate = useNavigate();
  const { selection } = where;
  const here = (): Task | undefined => {
    const id = where.open() ?? selection.current();
    return id === undefined ? undefined : store.get(id);
  };
  const withHere = (work: (task: Task) => unknown) => () => {
    const task = here();
    if (task) void work(task);
  };
  offerCommands(() => {
    const task = here();
    const undo = lastUndo();
    const commands: Command[] = [
      { group: "Tasks", title: "Next task", keys: "j", icon: "down", run: () => selection.walk(1) },
      { group: "Tasks", title: "Task before", keys: "k", icon: "up", run: () => selection.walk(-1) },
    ];
    if (where.isTrash()) {
      if (task?.deleteTime) {
        commands.push({
          group: "Tasks",
          title: "Restore the task",
          keys: "e",
          icon: "restore",
          run: withHere((now) => restore(store, now)),
        });
      }
      return commands;
    }
    commands.push(
      { group: "Tasks", title: "Add a task", keys: "n", icon: "plus", run: where.quickAdd },
      {
        group: "Tasks",
        title: "Choose the task",
        keys: "x",
        icon: "check",
        run: withHere(({ id }) => selection.pick(id)),
      },
      {
        group: "Tasks",
        title: "Choose all that are shown",
        keys: "a",
        icon: "check",
        run: () => selection.pickAll(),
      },
      { group: "Tasks", title: "Show or hide what is done", icon: "eye", run: where.showDone },
    );
    if (selection.isOn()) {
      commands.push({
        group: "Tasks",
        title: "Choose none",
        keys: "Escape",
        icon: "close",
        run: () => selection.clear(),
      });
    }
    if (undo) commands.push({ group: "Tasks", title: "Undo", keys: "z", icon: "restore", run: undo });
    if (task) {
      commands.push(
        {
          group: "Tasks",
          title: isDone(task) ? "Take the task up again" : "Complete the task",
          keys: "e",
          icon: "check",
          run: withHere((now) => toggle(store, now)),
        },
        {
          group: "Tasks",
          title: "Open the task",
          keys: "o",
          icon: "edit",
          run: withHere(({ id }) => navigate(`/tasks/${id}`, { scroll: false })),
        },
        {
          group: "Tasks",
          title: "Put the task under another…",
          keys: ">",
          icon: "right",
          run: withHere(askParent),
        },
        {
          group: "Tasks",
          title: "Delete the task",
          keys: "Delete",
          icon: "trash",
          run: withHere((now) => remove(store, now)),
        },
      );
      if (task.parentId) {
        commands.push({
          group: "Tasks",
          title: "Make the task one of its own",
          keys: "<",
          icon: "up",
          run: withHere((now) => putUnder(store, now, "")),
        });
      }
      if (!isDone(task)) {
        const begun = task.state === State.IN_PROCESS;
        if (!begun)
          commands.push({
            group: "Tasks",
            title: "Begin the task",
            keys: "s",
            icon: "bolt",
            run: withHere((now) => step(store, now, "start")),
          });
        commands.push({
          group: "Tasks",
          title: "Cancel the task",
          icon: "minus",
          run: withHere((now) => step(store, now, "cancel")),
        });
      }
      if (where.isByHand()) {
        commands.push(
          {
            group: "Tasks",
            title: "Move the task up",
            keys: "u",
            icon: "up",
            run: withHere(({ id }) => where.onMove(id, -1)),
          },
          {
            group: "Tasks",
            title: "Move the task down",
            keys: "d",
            icon: "down",
            run: withHere(({ id }) => where.onMove(id, 1)),
          },
        );
      }
    }
    return commands;
  });
}
