import { createSignal } from "solid-js";
import type { Task } from "./task.js";

export type Conflict = {
  /** The task as the person wants it. */
  mine: Task;
  /** The task as it was made elsewhere meanwhile. */
  theirs: Task;
  /** Behind the task's title: `was not completed`. */
  failed: string;
  /** Whether it is to be made all the same; undefined: neither is chosen. */
  answer: (mine?: boolean) => void;
};

const [conflicts, setConflicts] = createSignal<readonly Conflict[]>([]);

/** What is to be decided, the first one first. */
export { conflicts };

/** Shows both versions; answers whether the person's own is to be made all the same; undefined if that is left open. */
export function askConflict(conflict: Omit<Conflict, "answer">): Promise<boolean | undefined> {
  return new Promise((resolve) => {
    const asked: Conflict = {
      ...conflict,
      answer: (mine) => {
        setConflicts((all) => all.filter((other) => other !== asked));
        resolve(mine);
      },
    };
    setConflicts((all) => [...all, asked]);
  });
}
