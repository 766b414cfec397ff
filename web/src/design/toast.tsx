import { createEffect, createSignal, For, onCleanup, Show, type JSX } from "solid-js";
import { explain } from "../errors/words.js";
import { isCancelled } from "../errors/failure.js";
import { Button, IconButton } from "./Button.jsx";
import { frontDialog } from "./Dialog.jsx";

export type Toast = {
  text: string;
  tone?: "plain" | "bad";
  action?: { label: string; run: () => void };
  /** Milliseconds, begun anew when whoever points at it or has the focus on it leaves; 0: until it is closed. */
  stay?: number;
};

const MOST = 3;
const [toasts, setToasts] = createSignal<readonly Toast[]>([]);

/** What is being said, the latest last. */
export { toasts };

/** Says something in passing. Answers how to take it back. */
export function toast(said: Toast): () => void {
  setToasts((all) => [...all.slice(1 - MOST), said]);
  return () => close(said);
}

function close(said: Toast): void {
  setToasts((all) => all.filter((other) => other !== said));
}

/** Says that something failed, why, and what to do (`next` in words of its own); offers to try again if it can be. */
export function toastFailure(doing: string, thrown: unknown, again?: () => void, next?: string): void {
  if (isCancelled(thrown)) return;
  const words = explain(thrown);
  const action = again && { action: { label: "Try again", run: again } };
  toast({ text: `${doing} ${words.what} ${next ?? words.next}`, tone: "bad", stay: 0, ...action });
}

/** Takes back everything that was said. */
export function clearToasts(): void {
  setToasts([]);
}

/** Where toasts are seen, above what else the page says at its foot and within the dialog in front; once in the page. */
export function Toasts(props: { children?: JSX.Element }) {
  let home!: HTMLDivElement;
  let root!: HTMLDivElement;
  // A modal dialog covers all that is outside of it, and lets nothing there be pressed.
  createEffect(() => (frontDialog() ?? home).append(root));
  return (
    <div ref={home}>
      <div ref={root} class="toasts">
        {props.children}
        <div class="toasts-said" role="status" aria-live="polite">
          <For each={toasts()}>{(said) => <Said toast={said} />}</For>
        </div>
      </div>
    </div>
  );
}

/** One of them, which waits for whoever is at it (WCAG 2.2.1). */
function Said(props: { toast: Toast }) {
  const [pointed, setPointed] = createSignal(false);
  const [focused, setFocused] = createSignal(false);
  createEffect(() => {
    const { toast } = props;
    const stay = toast.stay ?? (toast.action ? 10_000 : 5_000);
    if (stay === 0 || pointed() || focused()) return;
    const timer = setTimeout(() => close(toast), stay);
    onCleanup(() => clearTimeout(timer));
  });
  return (
    <div
      class={`toast toast-${props.toast.tone ?? "plain"}`}
      onPointerEnter={() => setPointed(true)}
      onPointerLeave={() => setPointed(false)}
      onFocusIn={() => setFocused(true)}
      onFocusOut={() => setFocused(false)}
    >
      <p>{props.toast.text}</p>
      <Show when={props.toast.action}>
        {(action) => (
          <Button
            look="quiet"
            onClick={() => {
              const { run } = action();
              close(props.toast);
              run();
            }}
          >
            {action().label}
          </Button>
        )}
      </Show>
      <IconButton icon="close" label="Close message" onClick={() => close(props.toast)} />
    </div>
  );
}
