import { ofPerson } from "../sessions/context.js";
import { TaskStore } from "./store.js";

/** What the page knows of the tasks of whoever is signed in. */
export const useTasks = ofPerson((person) => new TaskStore(person));
