import { createUniqueId, For } from "solid-js";

type SelectProps = {
  label: string;
  value: string;
  /** Value and words, in order. */
  options: readonly (readonly [string, string])[];
  onChange: (value: string) => void;
  class?: string;
  disabled?: boolean;
};

/** One of a few, in the browser's own list. */
export function Select(props: SelectProps) {
  const id = createUniqueId();
  return (
    <div class={`field ${props.class ?? ""}`}>
      <label for={id}>{props.label}</label>
      <div class="field-box field-select">
        <select
          id={id}
          disabled={props.disabled ?? false}
          onChange={(event) => props.onChange(event.currentTarget.value)}
        >
          <For each={props.options}>
            {([value, words]) => (
              <option value={value} selected={value === props.value}>
                {words}
              </option>
            )}
          </For>
        </select>
      </div>
    </div>
  );
}
