import { createSignal } from "solid-js";

/** Calls that wait to be repeated, and until when the next of them does (epoch milliseconds). */
export type Outage = { calls: number; next: number };

const [outage, setOutage] = createSignal<Outage>({ calls: 0, next: 0 });
const waiting = new Map<symbol, { until: number; wake: () => void }>();

/** What the banner shows; `calls` is 0 while all is well. */
export { outage };

/** Repeats everything that waits at once. */
export function tryNow(): void {
  for (const { wake } of waiting.values()) wake();
}

addEventListener("online", tryNow);

/** Waits for so many milliseconds, visibly; ends early by `tryNow` and, throwing, by the signal. */
export function waitForServer(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  const id = Symbol();
  return new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    waiting.set(id, { until: Date.now() + milliseconds, wake: resolve });
    publish();
    signal?.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      },
      { once: true },
    );
  }).finally(() => {
    waiting.delete(id);
    // The call itself is under way now; the banner goes once it has an answer, not before.
    setTimeout(publish, 1_000);
  });
}

function publish(): void {
  const next = Math.min(...[...waiting.values()].map(({ until }) => until));
  setOutage({ calls: waiting.size, next: waiting.size > 0 ? next : 0 });
}
