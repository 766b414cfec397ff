import { createMemo, createSignal, For, Show } from "solid-js";
import { Finder } from "../design/Finder.jsx";
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
  const [typed, setTyped] = createSignal("");
  const found = createMemo(() =>
    commands().filter((command) => !command.unlisted && matches(command, typed())),
  );
  const run = (command: Command) => {
    setOpen(false);
    // The dialog gives the focus back first, so that the command may move it.
    setTimeout(() => command.run());
  };
  return (
    <Finder
      title="What would you like to do?"
      list="Commands"
      found={found()}
      nothing="Nothing of that name."
      onType={setTyped}
      onPick={run}
      onClose={() => setOpen(false)}
    >
      {(command) => (
        <>
          <Icon name={command.icon ?? "right"} />
          <span>{command.title}</span>
          <span class="soft small">{command.group}</span>
          <Keys keys={command.keys} />
        </>
      )}
    </Finder>
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
