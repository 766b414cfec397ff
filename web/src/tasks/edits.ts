import { createMemo } from "solid-js";
import { isRefusal } from "../errors/failure.js";
import { createSubmission } from "../errors/submission.js";
import type { Task, TaskTime } from "../gen/duet/task/v1/task_service_pb.js";
import { createDraft } from "../sessions/draft.js";
import { look, type FieldName, type Fields } from "./actions.js";
import { askConflict } from "./conflicts.js";
import type { TaskStore } from "./store.js";

type Draft = {
  /** The version that the person was looking at when they began. */
  etag: string;
  fields: Partial<Fields>;
};

/**
 * What a person changes of a task until they save it. Fields that they leave alone follow the server; those that they
 * change are kept, and are saved only to the version that they saw, unless they choose so.
 */
export function createEdits(store: TaskStore, task: () => Task) {
  const [draft, setDraft, forget] = createDraft<Draft>(`task ${task().id}`, { etag: "", fields: {} });
  const shown = createMemo<Task>(() => ({ ...task(), ...draft().fields }));
  const names = () => Object.keys(draft().fields) as FieldName[];
  const changed = () => names().some((name) => !same(task()[name], draft().fields[name]));

  const set = (fields: Partial<Fields>) =>
    setDraft({ etag: draft().etag || task().etag, fields: { ...draft().fields, ...fields } });

  const saving = createSubmission(async () => {
    const { etag, fields } = draft();
    const { id } = task();
    const paths = Object.keys(fields);
    try {
      await store.change(
        id,
        etag,
        (now) => ({ ...now, ...fields }),
        async (latest) =>
          (
            await store.person.tasks.updateTask({
              task: { id, etag: latest, ...fields },
              updateMask: { paths },
            })
          ).task,
      );
      forget();
    } catch (error) {
      if (!isRefusal(error, "task.duet", "ETAG_MISMATCH")) throw error;
      await decide(fields);
    }
  });
  const decide = async (fields: Partial<Fields>): Promise<void> => {
    const theirs = await look(store, task().id);
    if (!theirs) throw new Error("the task cannot be read");
    const mine = await askConflict({ mine: { ...theirs, ...fields }, theirs, failed: "was not saved" });
    if (mine === false) forget();
    if (mine !== true) return;
    setDraft({ etag: theirs.etag, fields });
    setTimeout(() => saving.run());
  };
  const discard = () => {
    forget();
    saving.clear();
  };
  return { shown, changed, set, saving, discard };
}

function same(one: Task[FieldName], other: Fields[FieldName]): boolean {
  if (Array.isArray(one) && Array.isArray(other)) return one.join("\n") === other.join("\n");
  if (isTime(one) && isTime(other)) {
    return one.date === other.date && one.timeOfDay === other.timeOfDay && one.timeZone === other.timeZone;
  }
  return one === other;
}

function isTime(value: unknown): value is TaskTime {
  return typeof value === "object" && value !== null && "date" in value;
}
