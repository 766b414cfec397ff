import { createSignal } from "solid-js";
import { usePerson } from "./context.js";

/**
 * A value that is kept until it is forgotten: through leaving the view, and through a session that was ended elsewhere, for
 * the same person and in this tab only.
 */
export function createDraft<T extends string | number | boolean | object>(
  name: string,
  initial: T,
): [value: () => T, set: (value: T) => void, forget: () => void] {
  const { drafts } = usePerson();
  const [value, setValue] = createSignal(drafts.has(name) ? (drafts.get(name) as T) : initial);
  const set = (next: T) => {
    drafts.set(name, next);
    setValue(() => next);
  };
  const forget = () => {
    drafts.delete(name);
    setValue(() => initial);
  };
  return [value, set, forget];
}
