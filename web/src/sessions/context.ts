import { createContext, useContext } from "solid-js";
import type { Person } from "./person.js";

export const PersonContext = createContext<Person>();

/** Whoever is signed in; only for what the page shows to somebody who is. */
export function usePerson(): Person {
  const person = useContext(PersonContext);
  if (!person) throw new Error("nobody is signed in here");
  return person;
}
