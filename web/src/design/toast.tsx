import { createEffect, createSignal, For, type JSX } from "solid-js";
import { explain } from "../errors/words.js";
import { isCancelled } from "../errors/failure.js";
import { Button, IconButton } from "./Button.jsx";
import { frontDialog } from "./Dialog.jsx";

export type Toast = {
  text: string;
  tone?: "plain" | "bad";
  action?: { label: string; run: () => void };
  /** Milliseconds; 0: until it is closed. */
  stay?: number;
};

const MOST = 3;
const [toasts, setToasts] = createSignal<readonly Toast[]>([]);

/** Says something in passing. Answers how to take it back. */
export function toast(said: Toast): () => void {
  const close = () => setToasts((all) => all.filter((other) => other !== said));
  setToasts((all) => [...all.slice(1 - MOST), said]);
  const stay = said.stay ?? (said.action ? 10_000 : 5_000);
  if (stay > 0) setTimeout(close, stay);
  return close;
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
          <For each={toasts()}>
            {(said) => {
              const close = () => setToasts((all) => all.filter((other) => other !== said));
              return (
                <div class={`toast toast-${said.tone ?? "plain"}`}>
                  <p>{said.text}</p>
                  {said.action && (
                    <Button
                      look="quiet"
                      onClick={() => {
                        close();
                        said.action?.run();
                      }}
                    >
                      {said.action.label}
                    </Button>
                  )}
                  <IconButton icon="close" label="Close message" onClick={close} />
                </div>
              );
            }}
          </For>
        </div>
      </div>
    </div>
  );
}
