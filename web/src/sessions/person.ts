import { createClient, type Client } from "@connectrpc/connect";
import { QueryClient } from "@tanstack/solid-query";
import { isRefusal } from "../errors/failure.js";
import { AuthService } from "../gen/duet/auth/v1/auth_service_pb.js";
import { TaskListService } from "../gen/duet/task/v1/task_list_service_pb.js";
import { TaskService } from "../gen/duet/task/v1/task_service_pb.js";
import { callsOf, type Caller } from "../rpc/calls.js";
import { createTransport } from "../rpc/transport.js";

// None of a person's own calls needs the cookie.
const transport = createTransport("omit");

/**
 * Whoever is signed in, with all that the page knows of them: it begins with a sign-in and is dropped as a whole. A call
 * is bound to its person by where it is made from, so that none is ever made as somebody else.
 */
export class Person implements Caller {
  readonly #end = new AbortController();
  #token: string;
  #renewal: Promise<void> | undefined;

  readonly signal = this.#end.signal;
  /** What the server answered, for as long as the person is signed in. */
  readonly queries = new QueryClient({
    defaultOptions: {
      // The calls repeat themselves; and loopback answers without a network.
      queries: { retry: false, networkMode: "always", refetchOnWindowFocus: "always", staleTime: 5_000 },
      mutations: { retry: false, networkMode: "always" },
    },
  });
  readonly account: Client<typeof AuthService>;
  readonly tasks: Client<typeof TaskService>;
  readonly taskLists: Client<typeof TaskListService>;

  constructor(
    /** The user's id. */
    readonly sub: string,
    token: string,
    /** What is being typed, by the name of its field: outlives a session that was ended elsewhere. */
    readonly drafts: Map<string, unknown>,
    private readonly fetchTokens: (person: Person) => Promise<void>,
  ) {
    this.#token = token;
    const calls = callsOf(this, transport);
    this.account = createClient(AuthService, calls);
    this.tasks = createClient(TaskService, calls);
    this.taskLists = createClient(TaskListService, calls);
  }

  /** What goes into `authorization`. */
  get authorization(): string {
    return `Bearer ${this.#token}`;
  }

  /** Goes on with a new access token of the same user. */
  goOnWith(token: string): void {
    this.#token = token;
  }

  /** Calls everything off and forgets everything. */
  end(): void {
    this.#end.abort(new DOMException("the person is gone", "AbortError"));
    this.#token = "";
    this.queries.clear();
  }

  async asThem<T>(call: (authorization: string) => Promise<T>): Promise<T> {
    const shown = this.authorization;
    try {
      return await call(shown);
    } catch (error) {
      // These refuse before anything is done, so that the call may be made again whatever it is.
      const dead = isRefusal(
        error,
        "auth.duet",
        "TOKEN_EXPIRED",
        "TOKEN_REVOKED",
        "TOKEN_INVALID",
        "TOKEN_MISSING",
      );
      if (!dead || this.signal.aborted) throw error;
      await this.#renew(shown);
      this.signal.throwIfAborted();
      return call(this.authorization);
    }
  }

  /** One fetch for all the calls that were refused with the same token. */
  #renew(refused: string): Promise<void> {
    if (this.authorization !== refused) return Promise.resolve();
    this.#renewal ??= this.fetchTokens(this).finally(() => (this.#renewal = undefined));
    return this.#renewal;
  }
}
