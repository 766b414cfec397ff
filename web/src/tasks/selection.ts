import { batch, createSignal } from "solid-js";

/** How many tasks can be chosen at once. */
const MOST = 1_000;

/** Which task the keyboard is at, and which tasks are chosen, in a view's order. */
export class Selection {
  readonly #current = createSignal<string>();
  readonly #picked = createSignal<ReadonlySet<string>>(new Set<string>());
  readonly #on = createSignal(false);
  #anchor: string | undefined;
  #index = 0;
  #walk: (id: string) => void = () => undefined;

  constructor(private readonly ids: () => readonly string[]) {}

  /** The task that the keyboard is at; the first one, until it has been somewhere. */
  readonly current = () => this.#current[0]() ?? this.ids()[0];
  readonly picked = this.#picked[0];
  /** Whether tasks are being chosen. */
  readonly isOn = () => this.#on[0]() || this.#picked[0]().size > 0;
  readonly has = (id: string) => this.#picked[0]().has(id);

  /** How the view brings the focus to a task. */
  onWalk(walk: (id: string) => void): void {
    this.#walk = walk;
  }

  setCurrent(id: string): void {
    this.#index = this.ids().indexOf(id);
    this.#current[1](id);
  }

  /** Where the keyboard goes on: at its task, or in its place if that has left the view. */
  follow(): string | undefined {
    const now = this.#current[0]();
    const ids = this.ids();
    const at = now === undefined ? -1 : ids.indexOf(now);
    if (at >= 0) this.#index = at;
    if (at >= 0 || now === undefined) return now;
    const next = ids[Math.min(this.#index, ids.length - 1)];
    this.#current[1](next);
    return next;
  }

  walk(by: -1 | 1): void {
    const at = this.ids().indexOf(this.#current[0]() ?? "");
    this.walkTo(at < 0 ? 0 : at + by);
  }

  walkTo(index: number): void {
    const id = this.ids()[index];
    if (id !== undefined) this.#walk(id);
  }

  /** Begins or ends choosing. */
  toggle(): void {
    if (this.isOn()) this.clear();
    else this.#on[1](true);
  }

  pick(id: string): void {
    this.#anchor = id;
    this.#change((picked) => {
      if (!picked.delete(id)) picked.add(id);
    });
  }

  /** From the task chosen last to this one. */
  pickTo(id: string): void {
    const ids = this.ids();
    const from = ids.indexOf(this.#anchor ?? this.current() ?? id);
    const to = ids.indexOf(id);
    const range = ids.slice(Math.max(0, Math.min(from, to)), Math.max(from, to) + 1);
    this.#change((picked) => range.forEach((other) => picked.add(other)));
  }

  /** The task that the keyboard is at and the next one, where it goes. */
  pickBy(by: -1 | 1): void {
    const here = this.current();
    if (here !== undefined) this.#change((picked) => picked.add(here));
    this.walk(by);
    const there = this.current();
    if (there !== undefined) this.#change((picked) => picked.add(there));
  }

  pickAll(): void {
    this.#change((picked) => this.ids().forEach((id) => picked.add(id)));
  }

  /** Lets go of those that are not there any more: nothing is done to what nobody sees. */
  keep(isThere: (id: string) => boolean): void {
    if ([...this.#picked[0]()].every(isThere)) return;
    this.#picked[1]((picked) => new Set([...picked].filter(isThere)));
  }

  clear(): void {
    batch(() => {
      this.#on[1](false);
      this.#picked[1](new Set<string>());
    });
  }

  #change(change: (picked: Set<string>) => void): void {
    const picked = new Set(this.#picked[0]());
    change(picked);
    this.#picked[1](new Set([...picked].slice(0, MOST)));
  }
}
