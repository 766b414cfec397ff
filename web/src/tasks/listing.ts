import { batch, createSignal, type Accessor } from "solid-js";
import { takeIn } from "./changes.js";
import type { Query } from "./filter.js";
import type { TaskStore } from "./store.js";
import type { TaskMessage } from "./task.js";
import { ownZone, today } from "./times.js";

/**
 * A page begins where its token leads, and can be fetched again by itself; `at` says when it was asked for (epoch
 * milliseconds): what has happened since may be missing.
 */
type Page = { token: string; ids: readonly string[]; at: number };

const PAGE_SIZE = 200;

/**
 * What a query answers, page by page as far as it was asked for. The ids only; the tasks are the store's. A page in view
 * can be renewed without those before it, which no library for server state offers: they fetch all pages one by one.
 */
export class Listing {
  readonly #pages = createSignal<readonly Page[]>([]);
  readonly #new = createSignal<readonly string[]>([]);
  readonly #error = createSignal<unknown>();
  readonly #next = createSignal<string | undefined>("");
  #loading: Promise<void> | undefined;
  #day = today();
  #generation = 0;
  #since = 0;
  /** What was made here and had its answer by then, and waits to be met in its place. */
  #made: readonly string[] = [];
  #range: [number, number] = [0, 0];
  #renewing = false;

  constructor(
    private readonly store: TaskStore,
    readonly query: Query,
  ) {}

  /** Every id that is loaded, in order; what was made here lately first, until it is met in its place. */
  readonly ids: Accessor<readonly string[]> = () => {
    const loaded = this.#pages[0]().flatMap(({ ids }) => ids);
    const added = this.#new[0]();
    if (added.length === 0) return loaded;
    const known = new Set(loaded);
    const unmet = added.filter((id) => !known.has(id));
    return this.isComplete() && this.query.orderBy === "" ? [...loaded, ...unmet] : [...unmet, ...loaded];
  };

  /** Whether the end has been reached. */
  readonly isComplete: Accessor<boolean> = () => this.#next[0]() === undefined;

  /** Whether nothing has been answered yet. */
  readonly isFirst: Accessor<boolean> = () => this.#pages[0]().length === 0;

  /** Why there is no more; undefined while all is well. */
  readonly error: Accessor<unknown> = this.#error[0];

  /** Fetches the next page, if there is one. */
  loadMore(): Promise<void> {
    const token = this.#next[0]();
    if (token === undefined || this.error() !== undefined) return Promise.resolve();
    this.#loading ??= this.#load(token).finally(() => (this.#loading = undefined));
    return this.#loading;
  }

  /** Begins again at the top, with what is shown staying until there is an answer. */
  async reload(): Promise<void> {
    this.#generation++;
    this.#day = today();
    this.#error[1](undefined);
    const generation = this.#generation;
    const at = Date.now();
    try {
      const { tasks, nextPageToken } = await this.#fetch("");
      if (generation !== this.#generation) return;
      takeIn(this.store, { tasks });
      batch(() => {
        this.#pages[1]([{ token: "", ids: tasks.map(({ id }) => id), at }]);
        this.#next[1](nextPageToken || undefined);
      });
    } catch (error) {
      if (generation === this.#generation) this.#error[1](() => error);
    }
  }

  /** Says that what is loaded may be out of date: what is in view is fetched again now, the rest when it is come to. */
  touch(): void {
    this.#since = Date.now();
    this.#settle();
    this.#made = this.#answered();
    void this.view(...this.#range);
  }

  /** Says which places are in view, and fetches again what is out of date there. */
  async view(from: number, to: number): Promise<void> {
    this.#range = [from, to];
    if (this.#renewing || this.#since === 0) return;
    this.#renewing = true;
    try {
      if (this.isFirst() || this.error() !== undefined || this.#day !== today()) await this.reload();
      for (let index = this.#stale(); index >= 0; index = this.#stale()) await this.#renewPage(index);
      if (this.error() === undefined) this.#forget(this.#made);
    } finally {
      this.#renewing = false;
    }
  }

  /** The first page in view that is out of date; -1: there is none. */
  #stale(): number {
    const [from, to] = this.#range;
    let start = 0;
    return this.#pages[0]().findIndex(({ ids, at }) => {
      const end = start + ids.length;
      const isIn = start <= to && end >= from;
      start = end;
      return isIn && at < this.#since;
    });
  }

  /** What was made here and has its answer. */
  #answered(): readonly string[] {
    return this.#new[0]().filter((id) => (this.store.get(id)?.revision ?? 0) > 0);
  }

  /** What was made here stays at the end, if that is its place; else it is met where it belongs. */
  #settle(): void {
    if (!this.isComplete() || this.query.orderBy !== "") return;
    const known = new Set(this.#pages[0]().flatMap(({ ids }) => ids));
    const answered = this.#answered();
    const unmet = answered.filter((id) => !known.has(id));
    batch(() => {
      this.#forget(answered);
      if (unmet.length === 0) return;
      this.#pages[1]((pages) =>
        pages.map((page, index) =>
          index < pages.length - 1 ? page : { ...page, ids: [...page.ids, ...unmet] },
        ),
      );
    });
  }

  #forget(made: readonly string[]): void {
    this.#new[1]((ids) => ids.filter((id) => !made.includes(id)));
  }

  /** Shows what was made here just now. */
  add(id: string): void {
    this.#new[1]((ids) => [...ids, id]);
  }

  /** Takes something off that did not come to be. */
  remove(id: string): void {
    batch(() => {
      this.#new[1]((ids) => ids.filter((other) => other !== id));
      this.#pages[1]((pages) => pages.map((page) => without(page, new Set([id]))));
    });
  }

  /** Puts an id right before or behind another one. */
  place(id: string, neighbour: string, behind: boolean): void {
    this.#settle();
    this.#pages[1]((pages) =>
      pages.map((page) => {
        const ids = page.ids.filter((other) => other !== id);
        const at = ids.indexOf(neighbour);
        if (at >= 0) ids.splice(behind ? at + 1 : at, 0, id);
        return { ...page, ids };
      }),
    );
  }

  async #load(token: string): Promise<void> {
    const generation = this.#generation;
    const at = Date.now();
    try {
      const { tasks, nextPageToken } = await this.#fetch(token);
      if (generation !== this.#generation) return;
      takeIn(this.store, { tasks });
      const fresh = tasks.map(({ id }) => id);
      const known = new Set(fresh);
      batch(() => {
        this.#pages[1]((pages) => [...pages.map((page) => without(page, known)), { token, ids: fresh, at }]);
        this.#next[1](nextPageToken || undefined);
      });
    } catch (error) {
      if (generation === this.#generation) this.#error[1](() => error);
    }
  }

  async #renewPage(index: number): Promise<void> {
    const page = this.#pages[0]()[index];
    if (!page) return;
    const generation = this.#generation;
    const at = Date.now();
    // What fails here is shown as it was; the next look tries again.
    const answer = await this.#fetch(page.token).catch(() => undefined);
    if (generation !== this.#generation) return;
    this.#pages[1]((all) => all.map((other) => (other.token === page.token ? { ...other, at } : other)));
    if (!answer) {
      this.#made = [];
      return;
    }
    takeIn(this.store, { tasks: answer.tasks });
    const ids = answer.tasks.map(({ id }) => id);
    const pages = this.#pages[0]();
    if (pages[index]?.token !== page.token || same(pages[index].ids, ids)) return;
    const fresh = new Set(ids);
    const after = pages[index + 1];
    const known = new Set([...pages[index].ids, ...(after?.ids ?? [])]);
    const inserted = ids.some((id) => !known.has(id));
    batch(() => {
      const before = pages.slice(0, index).map((other) => without(other, fresh));
      const renewed = { token: page.token, ids, at };
      if (!after || inserted || !answer.nextPageToken) {
        // What stood behind may have been pushed further: it is fetched when it is come to.
        this.#pages[1]([...before, renewed]);
        this.#next[1](answer.nextPageToken || undefined);
        return;
      }
      const following = { ...without(after, fresh), token: answer.nextPageToken };
      const rest = pages.slice(index + 2).map((other) => without(other, fresh));
      this.#pages[1]([...before, renewed, following, ...rest]);
    });
  }

  #fetch(pageToken: string): Promise<{ tasks: TaskMessage[]; nextPageToken: string }> {
    // The answer may be without the changes that are still under way.
    void this.store.settled()?.then(() => this.touch());
    return this.store.person.tasks.listTasks({
      ...this.query,
      pageSize: PAGE_SIZE,
      pageToken,
      timeZone: ownZone(),
    });
  }
}

function without(page: Page, gone: ReadonlySet<string>): Page {
  return page.ids.some((id) => gone.has(id))
    ? { ...page, ids: page.ids.filter((id) => !gone.has(id)) }
    : page;
}

function same(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((id, index) => id === other[index]);
}
