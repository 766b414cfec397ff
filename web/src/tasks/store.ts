import { TriggerCache } from "@solid-primitives/trigger";
import { batch, createSignal, type Accessor } from "solid-js";
import type { Person } from "../sessions/person.js";
import { isDone, taskOf, type Task, type TaskMessage } from "./task.js";

/** A change that is shown before the server has said yes. */
export type Patch = (task: Task) => Task;

type Entry = {
  /** As the server knows it. */
  known: Task | undefined;
  patches: readonly Patch[];
  /** With the patches. */
  shown: Task | undefined;
  /** Runs while it stays where it was because it has just been done. */
  farewell: number | undefined;
  /** Whether it was taken for gone for good. */
  isForgotten: boolean;
  /** Ends when every change so far has its answer. */
  turn: Promise<unknown>;
};

/** How long what has just been done stays where it was, in milliseconds. */
const FAREWELL = 900;
/** How many of the own changes are remembered. */
const MOST_LINKS = 5_000;

/** What most entries have: thousands of them share it. */
const NO_PATCHES: readonly Patch[] = [];
const NO_TURN = Promise.resolve();

/**
 * Every task that the page has met, once, whatever views show it: as the server knows it, with the person's own changes on
 * top until the server has answered. What fails is taken off again, and nothing else with it. As large as what the person
 * has looked at.
 */
export class TaskStore {
  readonly #entries = new Map<string, Entry>();
  /** Who shows which task, by its id. */
  readonly #watched = new TriggerCache<string>();
  readonly #successors = new Map<string, string>();
  /** The changes that have no answer yet. */
  readonly #turns = new Set<Promise<unknown>>();
  readonly #labels = new Set<string>();
  readonly #labelSignal = createSignal<readonly string[]>([]);
  readonly #belongings = createSignal(0);
  readonly #orders = createSignal(0);

  constructor(readonly person: Person) {}

  /** The task as it is shown; undefined until it is known. */
  get(id: string): Task | undefined {
    this.#watched.track(id);
    return this.#entries.get(id)?.shown;
  }

  /** Changes whenever a task may have come to belong elsewhere: done, deleted, moved. */
  readonly belongings: Accessor<number> = this.#belongings[0];

  /** Changes whenever a task may have come to stand elsewhere in a sorted or filtered view. */
  readonly orders: Accessor<number> = this.#orders[0];

  /** Every label that has been met, in order. */
  readonly labels: Accessor<readonly string[]> = this.#labelSignal[0];

  /** Whether it is done, and has been for long enough not to vanish from under somebody's hand. */
  isDoneForGood(task: Task): boolean {
    return isDone(task) && this.#entry(task.id).farewell === undefined;
  }

  /** Takes in what the server says; an answer that is older than what is known changes nothing. */
  learn(messages: readonly TaskMessage[]): void {
    batch(() => messages.forEach((message) => this.#learn(taskOf(message))));
  }

  /** Drops what is gone for good. */
  forget(ids: readonly string[]): void {
    batch(() => {
      for (const id of ids) {
        const entry = this.#entries.get(id);
        if (!entry) continue;
        entry.known = undefined;
        entry.isForgotten = true;
        this.#show(id, entry);
      }
    });
  }

  /**
   * Shows a change at once, and makes it after those before it. `seen` is the etag that the person had before them; the
   * call gets the one that has become of it by the person's own changes. Throws what the call throws, with the change
   * taken off again.
   */
  async change(
    id: string,
    seen: string,
    patch: Patch,
    call: (etag: string) => Promise<TaskMessage | undefined>,
  ): Promise<Task> {
    const entry = this.#entry(id);
    this.#patch(id, patch);
    const turn = entry.turn.then(async () => {
      const etag = this.latest(seen);
      const answer = await call(etag);
      if (!answer) throw new Error("the answer has no task");
      this.link(etag, answer.etag);
      return taskOf(answer);
    });
    this.#await(turn, [entry]);
    try {
      const answer = await turn;
      batch(() => {
        this.#learn(answer);
        this.#unpatch(id, patch);
      });
      return answer;
    } catch (error) {
      this.#unpatch(id, patch);
      throw error;
    }
  }

  /** Shows changes of several tasks for as long as the work takes, and makes them after those before. */
  async changeAll<T>(patches: ReadonlyMap<string, Patch>, work: () => Promise<T>): Promise<T> {
    const entries = [...patches.keys()].map((id) => this.#entry(id));
    batch(() => patches.forEach((patch, id) => this.#patch(id, patch)));
    const turn = Promise.all(entries.map((entry) => entry.turn)).then(work);
    this.#await(turn, entries);
    try {
      return await turn;
    } finally {
      batch(() => patches.forEach((patch, id) => this.#unpatch(id, patch)));
    }
  }

  /** Ends when all changes that are under way have their answers; undefined: none is. */
  settled(): Promise<unknown> | undefined {
    return this.#turns.size > 0 ? Promise.all(this.#turns) : undefined;
  }

  /** What has become of an etag by the person's own changes. */
  latest(etag: string): string {
    let now = etag;
    for (let next = this.#successors.get(now); next !== undefined; next = this.#successors.get(now))
      now = next;
    return now;
  }

  /** Remembers that a change of the person's own made the one etag of the other. */
  link(before: string, after: string): void {
    if (before === "" || before === after) return;
    this.#successors.set(before, after);
    const [oldest] = this.#successors.keys();
    if (this.#successors.size > MOST_LINKS && oldest !== undefined) this.#successors.delete(oldest);
  }

  #await(turn: Promise<unknown>, entries: readonly Entry[]): void {
    // At once: whoever fetches because of the answer is not to fetch again because of the change.
    const settle = () => void this.#turns.delete(end);
    const end = turn.then(settle, settle);
    this.#turns.add(end);
    for (const entry of entries) entry.turn = end;
  }

  #entry(id: string): Entry {
    const found = this.#entries.get(id);
    if (found) return found;
    const entry: Entry = {
      known: undefined,
      patches: NO_PATCHES,
      shown: undefined,
      farewell: undefined,
      isForgotten: false,
      turn: NO_TURN,
    };
    this.#entries.set(id, entry);
    return entry;
  }

  #learn(task: Task): void {
    const entry = this.#entry(task.id);
    const { known } = entry;
    if (known && known.revision > task.revision) return;
    if (known?.etag === task.etag && known.blocked === task.blocked) return;
    if (known && isReordered(known, task)) this.#orders[1]((count) => count + 1);
    entry.known = task;
    this.#learnLabels(task.labels);
    this.#show(task.id, entry);
  }

  #patch(id: string, patch: Patch): void {
    const entry = this.#entry(id);
    entry.patches = [...entry.patches, patch];
    this.#show(id, entry);
  }

  #unpatch(id: string, patch: Patch): void {
    const entry = this.#entry(id);
    entry.patches = entry.patches.filter((other) => other !== patch);
    this.#show(id, entry);
  }

  #show(id: string, entry: Entry): void {
    const before = entry.shown;
    const now = entry.known && entry.patches.reduce((task, patch) => patch(task), entry.known);
    if (before && now && !isDone(before) && isDone(now)) {
      entry.farewell = window.setTimeout(() => {
        entry.farewell = undefined;
        this.#belongingsChanged();
      }, FAREWELL);
    }
    if (now && !isDone(now)) {
      clearTimeout(entry.farewell);
      entry.farewell = undefined;
    }
    entry.shown = now;
    if (now !== before) this.#watched.dirty(id);
    const isBack = !before && now !== undefined && entry.isForgotten;
    if (now) entry.isForgotten = false;
    if (isBack || (before && belonging(before) !== (now && belonging(now)))) this.#belongingsChanged();
  }

  #belongingsChanged(): void {
    this.#belongings[1]((count) => count + 1);
  }

  #learnLabels(labels: readonly string[]): void {
    const before = this.#labels.size;
    for (const label of labels) this.#labels.add(label);
    if (this.#labels.size > before) {
      this.#labelSignal[1]([...this.#labels].sort((one, other) => one.localeCompare(other)));
    }
  }
}

function belonging(task: Task): string {
  return `${task.taskListId} ${task.parentId} ${isDone(task)} ${Boolean(task.deleteTime)}`;
}

/** Whether views may have to show it elsewhere. What is done or deleted keeps its place, where it can come back to. */
function isReordered(before: Task, after: Task): boolean {
  if (after.deleteTime) return false;
  const isBack = before.deleteTime !== undefined || (isDone(before) && !isDone(after));
  return isBack || order(before) !== order(after);
}

function order({ title, notes, due, start, priority, labels, taskListId, parentId }: Task): string {
  const times = [due, start].map((time) => [time?.date, time?.timeOfDay, time?.timeZone]);
  return JSON.stringify([title, notes, times, priority, labels, taskListId, parentId]);
}
