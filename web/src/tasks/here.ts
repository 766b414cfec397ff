import { useLocation } from "@solidjs/router";
import { createSignal } from "solid-js";
import { ofPerson } from "../sessions/context.js";
import { placeOf, type Place } from "./places.js";

/** Where somebody looks at tasks, and how: also while a task has an address of its own beside that. */
export type Here = { place: Place; search: string };

/** Undefined away from the tasks, and until it is known which list a task belongs beside. */
export const useHere = ofPerson(() => createSignal<Here>());

/** The place that is looked at, also while a task is open beside it; undefined away from the tasks. */
export function usePlace(): () => Place | undefined {
  const location = useLocation();
  const [here] = useHere();
  return () => placeOf(location.pathname) ?? here()?.place;
}
