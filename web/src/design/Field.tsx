import { createSignal, createUniqueId, For, onMount, Show, splitProps, type JSX } from "solid-js";
import { IconButton } from "./Button.jsx";

export type FieldProps = Omit<JSX.InputHTMLAttributes<HTMLInputElement>, "onInput" | "value"> & {
  label: string;
  value: string;
  onInput: (value: string) => void;
  /** What is good to know before typing. */
  hint?: JSX.Element;
  /** What is wrong with the value, one sentence each. */
  errors?: readonly string[];
  /** Stands in the field, at its end. */
  end?: JSX.Element;
};

/** A labelled line of text. */
export function Field(props: FieldProps) {
  const id = createUniqueId();
  const [own, input] = splitProps(props, [
    "label",
    "hint",
    "errors",
    "end",
    "value",
    "onInput",
    "class",
    "autofocus",
  ]);
  let box!: HTMLInputElement;
  onMount(() => {
    // The browser heeds the attribute only while the page loads.
    if (own.autofocus) box.focus();
  });
  const wrong = () => (own.errors?.length ?? 0) > 0;
  return (
    <div class={`field ${own.class ?? ""}`}>
      <label for={id}>{own.label}</label>
      <div class="field-box">
        <input
          {...input}
          ref={box}
          id={id}
          value={own.value}
          onInput={(event) => own.onInput(event.currentTarget.value)}
          aria-invalid={wrong() ? "true" : undefined}
          aria-describedby={`${id}-hint ${id}-errors`}
        />
        {own.end}
      </div>
      <div id={`${id}-hint`} class="field-hint">
        {own.hint}
      </div>
      <FieldErrors id={`${id}-errors`} errors={own.errors ?? []} />
    </div>
  );
}

/** What is wrong with a value; the field names it in `aria-describedby`. */
export function FieldErrors(props: { id: string; errors: readonly string[] }) {
  return (
    <ul id={props.id} class="field-errors">
      <For each={props.errors}>{(error) => <li>{error}</li>}</For>
    </ul>
  );
}

/** A password: hidden until its owner wants to see it. */
export function PasswordField(props: Omit<FieldProps, "type" | "end">) {
  const [shown, setShown] = createSignal(false);
  return (
    <Field
      {...props}
      type={shown() ? "text" : "password"}
      autocapitalize="none"
      spellcheck={false}
      end={
        <IconButton
          icon={shown() ? "eyeOff" : "eye"}
          label={shown() ? "Hide password" : "Show password"}
          aria-pressed={shown()}
          onClick={() => setShown(!shown())}
        />
      }
    />
  );
}

/** A rule of a field, and whether it is met; said in words, too. */
export function Rule(props: { met: boolean; children: JSX.Element }) {
  return (
    <li class="rule" classList={{ "rule-met": props.met }}>
      <Show when={props.met} fallback={<span class="unseen">missing: </span>}>
        <span class="unseen">met: </span>
      </Show>
      {props.children}
    </li>
  );
}
