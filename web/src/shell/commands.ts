import { createSignal, onCleanup, onMount } from "solid-js";
import type { IconName } from "../design/Icon.jsx";
import { preferences } from "./preferences.js";

/** Something that can be done from anywhere: by the palette, and by keys if it has some. */
export type Command = {
  /** As the palette lists it. */
  title: string;
  /** Under which heading. */
  group: string;
  /** One key (`n`), one after another (`g t`), or with Ctrl or ⌘ (`mod+k`). */
  keys?: string;
  icon?: IconName;
  /** By its keys only. */
  unlisted?: boolean;
  run: () => void;
};

const [sources, setSources] = createSignal<readonly (() => readonly Command[])[]>([]);

/** All that can be done where the person is now. */
export const commands = () => sources().flatMap((source) => source());

/** Offers commands for as long as the component lives that calls this. */
export function offerCommands(source: () => readonly Command[]): void {
  onMount(() => setSources((all) => [...all, source]));
  onCleanup(() => setSources((all) => all.filter((other) => other !== source)));
}

/** How long the second key of two may take, in milliseconds. */
const PATIENCE = 1_200;
let begun = "";
let begunAt = 0;

/** Runs the command whose keys these are. */
export function onShortcut(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || event.altKey) return;
  const modified = event.ctrlKey || event.metaKey;
  if (
    !modified &&
    (!preferences().singleKeys || isTyping(event.target) || document.querySelector("dialog[open]"))
  ) {
    return;
  }
  const key = modified ? `mod+${event.key.toLowerCase()}` : event.key;
  const sequence = begun && event.timeStamp - begunAt < PATIENCE ? `${begun} ${key}` : key;
  const command =
    commands().find(({ keys }) => keys === sequence) ?? commands().find(({ keys }) => keys === key);
  begun = !command && !modified && key.length === 1 ? key : "";
  begunAt = event.timeStamp;
  if (!command) return;
  event.preventDefault();
  command.run();
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.closest("input, textarea, select, [contenteditable], [role=menu]") !== null
  );
}

/** Keys as people read them. */
export function shownKeys(keys: string): string[] {
  const mod = navigator.userAgent.includes("Mac") ? "⌘" : "Ctrl";
  return keys.split(/[ +]/).map((key) => (key === "mod" ? mod : key.length === 1 ? key.toUpperCase() : key));
}
