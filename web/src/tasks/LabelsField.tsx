import { createSignal, createUniqueId, For } from "solid-js";
import { FieldErrors } from "../design/Field.jsx";
import { Icon } from "../design/Icon.jsx";

type LabelsProps = {
  labels: readonly string[];
  /** Those that the person uses elsewhere. */
  known: readonly string[];
  /** What is wrong with them, one sentence each. */
  errors: readonly string[];
  onChange: (labels: string[]) => void;
};

/** Labels, each of which can be taken away, and a line for one more. */
export function LabelsField(props: LabelsProps) {
  const id = createUniqueId();
  const [typed, setTyped] = createSignal("");
  const add = () => {
    const label = typed().trim().replace(/^#/, "");
    setTyped("");
    if (label && !props.labels.includes(label)) props.onChange([...props.labels, label]);
  };
  return (
    <div class="field">
      <label for={id}>Labels</label>
      <div class="labels">
        <For each={props.labels}>
          {(label) => (
            <button
              type="button"
              class="chip chip-label"
              onClick={() => props.onChange(props.labels.filter((other) => other !== label))}
            >
              <span>#{label}</span>
              <Icon name="close" />
              <span class="unseen">, press to remove</span>
            </button>
          )}
        </For>
        <input
          id={id}
          list={`${id}-known`}
          maxlength="50"
          autocomplete="off"
          placeholder="Add a label"
          aria-invalid={props.errors.length > 0 ? "true" : undefined}
          aria-describedby={`${id}-errors`}
          value={typed()}
          onInput={(event) => setTyped(event.currentTarget.value)}
          onBlur={add}
          onKeyDown={(event) => {
            if (event.key === "Backspace" && typed() === "") props.onChange(props.labels.slice(0, -1));
            if (event.key !== "Enter" && event.key !== ",") return;
            event.preventDefault();
            add();
          }}
        />
        <datalist id={`${id}-known`}>
          <For each={props.known.filter((label) => !props.labels.includes(label))}>
            {(label) => <option value={label} />}
          </For>
        </datalist>
      </div>
      <FieldErrors id={`${id}-errors`} errors={props.errors} />
    </div>
  );
}
