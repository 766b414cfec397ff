import { usePerson } from "../sessions/context.js";
import type { Person } from "../sessions/person.js";
import { TaskStore } from "./store.js";

const stores = new WeakMap<Person, TaskStore>();

/** What the page knows of the tasks of whoever is signed in; it goes with them. */
export function useTasks(): TaskStore {
  const person = usePerson();
  let store = stores.get(person);
  if (!store) stores.set(person, (store = new TaskStore(person)));
  return store;
}
