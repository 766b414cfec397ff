import { createEffect, createMemo, createSignal, createUniqueId, For, Show } from "solid-js";
import { Dialog } from "../design/Dialog.jsx";
import { Icon } from "../design/Icon.jsx";
import { commands, shownKeys, type Command } from "./commands.js";

const [open, setOpen] = createSignal(false);

/** Shows the palette. */
export const openPalette = () => setOpen(true);

/** Everything that can be done here, found by typing. */
export function Palette() {
  return (
    <Show when={open()}>
      <PaletteDialog />
    </Show>
  );
}

function PaletteDialog() {
  const id = createUniqueId();
  const [typed, setTyped] = createSignal("");
  const [at, setAt] = createSignal(0);
  const found = createMemo(() =>
    commands().filter((command) => !command.unlisted && matches(command, typed())),
  );
  const run = (command: Command | undefined) => {
    if (!command) return;
    setOpen(false);
    // The dialog gives the focus back first, so that the command may move it.
    setTimeout(() => command.run());
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setAt((at() + step + found().length) % Math.max(1, found().length));
    else if (event.key === "Enter") run(found()[at()]);
    else return;
    event.preventDefault();
  };
  createEffect(() => {
    document.getElementById(`${id}-${at()}`)?.scrollIntoView({ block: "nearest" });
  });
  return (
    <Dialog title="What would you like to do?" place="top" bare onClose={() => setOpen(false)}>
      <div class="palette-field">
        <Icon name="search" />
        <input
          autofocus
          role="combobox"
          aria-expanded="true"
          aria-controls={id}
          aria-activedescendant={found().length > 0 ? `${id}-${at()}` : undefined}
          aria-label="What would you like to do?"
          placeholder="What would you like to do?"
          autocomplete="off"
          value={typed()}
          onInput={(event) => {
            setTyped(event.currentTarget.value);
            setAt(0);
          }}
          onKeyDown={onKeyDown}
        />
      </div>
      <div class="palette-list" id={id} role="listbox" aria-label="Commands">
        <For
          each={found()}
          fallback={
            <p role="option" aria-disabled="true" aria-selected="false" class="palette-none soft">
              Nothing of that name.
            </p>
          }
        >
          {(command, index) => (
            <div
              id={`${id}-${index()}`}
              role="option"
              class="palette-item"
              aria-selected={index() === at()}
              onMouseMove={() => setAt(index())}
              onClick={() => run(command)}
            >
              <Icon name={command.icon ?? "right"} />
              <span>{command.title}</span>
              <span class="soft small">{command.group}</span>
              <Keys keys={command.keys} />
            </div>
          )}
        </For>
      </div>
    </Dialog>
  );
}

/** The keys of a command, as people read them. */
export function Keys(props: { keys: string | undefined }) {
  return (
    <span class="keys">
      <For each={props.keys ? shownKeys(props.keys) : []}>{(key) => <kbd>{key}</kbd>}</For>
    </span>
  );
}

function matches(command: Command, typed: string): boolean {
  const text = `${command.title} ${command.group}`.toLowerCase();
  return typed
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
