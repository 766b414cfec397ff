import { createContext, useContext } from "solid-js";
import type { Person } from "./person.js";

export const PersonContext = createContext<Person>();

/** Whoever is signed in; only for what the page shows to somebody who is. */
export function usePerson(): Person {
  const person = useContext(PersonContext);
  if (!person) throw new Error("nobody is signed in here");
  return person;
}

/** Something that there is once for whoever is signed in, and that goes with them. */
export function ofPerson<T extends object>(make: (person: Person) => T): () => T {
  const made = new WeakMap<Person, T>();
  return () => {
    const person = usePerson();
    let thing = made.get(person);
    if (!thing) made.set(person, (thing = make(person)));
    return thing;
  };
}
