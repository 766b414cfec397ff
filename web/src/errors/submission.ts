import { createEffect, createSignal, onCleanup } from "solid-js";
import { failureOf, isCancelled } from "./failure.js";

/** The work of a form: one at a time, its failure kept until the next attempt. */
export type Submission = {
  busy: () => boolean;
  error: () => unknown;
  /** Seconds until the server lets the next attempt in; 0 once it does. */
  wait: () => number;
  /** What the server says of a field and of what is in it, by its name (`display_name`; `due` has `task.due.date`). */
  violations: (field: string) => string[];
  /** Whether every violation is shown at one of these fields. */
  onlyAbout: (...fields: string[]) => boolean;
  onSubmit: (event: SubmitEvent) => void;
  clear: () => void;
};

/** Makes a form's submission out of its work. */
export function createSubmission(work: () => Promise<unknown>): Submission {
  const [busy, setBusy] = createSignal(false);
  const [error, setError] = createSignal<unknown>();
  const [wait, setWait] = createSignal(0);

  createEffect(() => {
    const { reason, retryAfter } = failureOf(error());
    if (error() === undefined || reason !== "RATE_LIMITED" || retryAfter === undefined) return setWait(0);
    const until = Date.now() + retryAfter;
    const count = () => {
      const left = Math.max(0, Math.ceil((until - Date.now()) / 1_000));
      setWait(left);
      // The time is up, and nothing is in the way any more.
      if (left === 0) setError(undefined);
    };
    count();
    const timer = setInterval(count, 250);
    onCleanup(() => clearInterval(timer));
  });

  const run = (form: EventTarget | null) => {
    if (busy() || wait() > 0) return;
    setBusy(true);
    setError(undefined);
    work()
      .catch((thrown: unknown) => {
        setError(isCancelled(thrown) ? undefined : thrown);
        if (form instanceof HTMLFormElement) form.querySelector<HTMLElement>("[aria-invalid]")?.focus();
      })
      .finally(() => setBusy(false));
  };
  const all = () => (error() === undefined ? [] : failureOf(error()).violations);
  return {
    busy,
    error,
    wait,
    violations: (field) =>
      all()
        .filter((violation) => isIn(violation.field, field))
        .map(({ description }) => sentence(description)),
    onlyAbout: (...fields) =>
      all().length > 0 && all().every(({ field: path }) => fields.some((field) => isIn(path, field))),
    onSubmit: (event) => {
      event.preventDefault();
      run(event.currentTarget);
    },
    clear: () => setError(undefined),
  };
}

function isIn(path: string, field: string): boolean {
  return path.split(/[.[]/).includes(field);
}

/** The services write "must have one `@`", without a stop. */
function sentence(description: string): string {
  const words = description.replace(/`([^`]*)`/g, "“$1”");
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}
