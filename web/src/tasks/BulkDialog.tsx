import { createSignal, Show } from "solid-js";
import { Button } from "../design/Button.jsx";
import { Dialog } from "../design/Dialog.jsx";
import { Field } from "../design/Field.jsx";
import type { Fields } from "./actions.js";
import type { Task } from "./task.js";
import { taskTime, today } from "./times.js";

type DialogProps = {
  what: "due" | "label";
  count: number;
  onClose: () => void;
  onFields: (fields: (task: Task) => Partial<Fields>) => void;
};

/** One due date, or one more label, for many tasks. */
export function BulkDialog(props: DialogProps) {
  const [value, setValue] = createSignal(props.what === "due" ? today() : "");
  const submit = () => {
    const text = value().trim().replace(/^#/, "");
    if (props.what === "due") props.onFields(() => ({ due: text ? taskTime(text) : undefined }));
    else if (text) props.onFields(({ labels }) => ({ labels: [...new Set([...labels, text])] }));
  };
  const tasks = () => (props.count === 1 ? "one task" : `${props.count} tasks`);
  return (
    <Dialog
      title={props.what === "due" ? `When are ${tasks()} due?` : `Label ${tasks()}`}
      onClose={() => props.onClose()}
    >
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <Field
          label={props.what === "due" ? "Day" : "Label to add"}
          type={props.what === "due" ? "date" : "text"}
          maxlength="50"
          max="9999-12-31"
          autofocus
          autocomplete="off"
          value={value()}
          onInput={setValue}
        />
        <div class="dialog-actions">
          <Show when={props.what === "due"}>
            <Button look="quiet" onClick={() => props.onFields(() => ({ due: undefined }))}>
              No date
            </Button>
          </Show>
          <Button look="main" type="submit" disabled={value().trim() === ""}>
            {props.what === "due" ? "Set the date" : "Add the label"}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
