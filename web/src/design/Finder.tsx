import { createEffect, createSignal, createUniqueId, For, Show, type JSX } from "solid-js";
import { Dialog } from "./Dialog.jsx";
import { Icon } from "./Icon.jsx";

type FinderProps<T> = {
  /** What is asked. */
  title: string;
  /** What the list of what is found is called. */
  list: string;
  found: readonly T[];
  /** Said where nothing is found; nothing is said while that is not known. */
  nothing: string | undefined;
  onType: (typed: string) => void;
  onPick: (one: T) => void;
  onClose: () => void;
  /** What is shown of each. */
  children: (one: T) => JSX.Element;
};

/** A dialog in which one of many is found by typing: arrows walk among those found, Enter or a press picks one. */
export function Finder<T>(props: FinderProps<T>) {
  const id = createUniqueId();
  const [reached, setAt] = createSignal(0);
  const at = () => Math.max(0, Math.min(reached(), props.found.length - 1));
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const picked = props.found[at()];
    if (step) setAt((at() + step + props.found.length) % Math.max(1, props.found.length));
    else if (event.key !== "Enter") return;
    else if (picked !== undefined) props.onPick(picked);
    event.preventDefault();
  };
  createEffect(() => {
    document.getElementById(`${id}-${at()}`)?.scrollIntoView({ block: "nearest" });
  });
  return (
    <Dialog title={props.title} place="top" bare onClose={props.onClose}>
      <div class="finder-field">
        <Icon name="search" />
        <input
          autofocus
          role="combobox"
          aria-expanded="true"
          aria-controls={id}
          aria-activedescendant={props.found.length > 0 ? `${id}-${at()}` : undefined}
          aria-label={props.title}
          placeholder={props.title}
          autocomplete="off"
          onInput={(event) => {
            props.onType(event.currentTarget.value);
            setAt(0);
          }}
          onKeyDown={onKeyDown}
        />
      </div>
      <div class="finder-list" id={id} role="listbox" aria-label={props.list}>
        <For
          each={props.found}
          fallback={
            <Show when={props.nothing}>
              <p role="option" aria-disabled="true" aria-selected="false" class="finder-none soft">
                {props.nothing}
              </p>
            </Show>
          }
        >
          {(one, index) => (
            <div
              id={`${id}-${index()}`}
              role="option"
              class="finder-item"
              aria-selected={index() === at()}
              onMouseMove={() => setAt(index())}
              onClick={() => props.onPick(one)}
            >
              {props.children(one)}
            </div>
          )}
        </For>
      </div>
    </Dialog>
  );
}
