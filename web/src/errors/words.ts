import { Code } from "@connectrpc/connect";
import type { ErrorReason as AuthReason } from "../gen/duet/auth/v1/error_reason_pb.js";
import type { ErrorReason as TaskReason } from "../gen/duet/task/v1/error_reason_pb.js";
import { failureOf } from "./failure.js";

/** What happened, and what to do next; both are sentences for people. */
export type Words = { what: string; next: string };

type EdgeReason = "SERVICE_UNREACHABLE" | "METHOD_UNKNOWN";

const loginAgain = "Log in again to go on.";
const tryLater = "Nothing was changed. Try again in a moment.";
const reload = "Reload the page: it may be older than the server.";
const unclear = "It may have happened all the same. Look before you try again.";

const auth: Record<keyof typeof AuthReason, Words> = {
  UNSPECIFIED: { what: "The server refused without saying why.", next: "Try again." },
  TOKEN_MISSING: { what: "You are not logged in.", next: loginAgain },
  TOKEN_INVALID: { what: "Your login is not valid here.", next: loginAgain },
  TOKEN_EXPIRED: { what: "Your login has run out.", next: loginAgain },
  TOKEN_REVOKED: { what: "Your session was ended.", next: loginAgain },
  AUTH_UNAVAILABLE: { what: "The server cannot check who you are right now.", next: tryLater },
  INVALID_CREDENTIALS: {
    what: "E-mail address and password do not match.",
    next: "Check both and try again.",
  },
  EMAIL_TAKEN: {
    what: "Somebody has signed up with this address already.",
    next: "If that was you, log in.",
  },
  SCOPE_MISSING: { what: "Your login does not allow this.", next: "Log out, then log in again." },
  ACCESS_DENIED: { what: "The server does not offer this here.", next: reload },
  VALIDATION_FAILED: { what: "Something needs another look.", next: "Correct what is marked." },
  RATE_LIMITED: { what: "Too many attempts.", next: "Wait until the time is up, then try again." },
  OVERLOADED: { what: "The server has more to do than it can.", next: tryLater },
  MESSAGE_TOO_LARGE: { what: "That is more than the server takes at once.", next: "Send less of it." },
  DEADLINE_EXCEEDED: { what: "The server took too long.", next: unclear },
  DATABASE_UNAVAILABLE: { what: "The server cannot reach its database.", next: tryLater },
  SHUTTING_DOWN: { what: "The server is restarting.", next: tryLater },
  METHOD_UNKNOWN: { what: "The server does not know this request.", next: reload },
  REQUEST_MALFORMED: { what: "The server did not understand the request.", next: reload },
  INTERNAL: {
    what: "Something went wrong on the server.",
    next: "Try again; if it stays, report the number below.",
  },
  REFRESH_TOKEN_INVALID: { what: "Your session has ended.", next: loginAgain },
  USER_DISABLED: {
    what: "An administrator has disabled this account.",
    next: "Ask them to enable it again.",
  },
  NO_PASSWORD: { what: "This account has no password here.", next: "Log in where the account comes from." },
  SESSION_NOT_FOUND: { what: "That session is gone.", next: "The list has been read again." },
  PAGE_TOKEN_INVALID: { what: "The list has changed too much to go on.", next: "Begin again at the top." },
  CURSOR_EXPIRED: { what: "The list has changed too much to go on.", next: "Begin again at the top." },
  ISSUER_UNAVAILABLE: { what: "The system that you log in with cannot be reached.", next: tryLater },
  ORIGIN_NOT_ALLOWED: {
    what: "Nobody can log in at this address of the page.",
    next: "Open it at its own address, or have an administrator add this one to AUTH_BROWSER_ORIGINS.",
  },
};

const task: Record<keyof typeof TaskReason, Words> = {
  UNSPECIFIED: auth.UNSPECIFIED,
  TASK_NOT_FOUND: { what: "This task is gone.", next: "It was removed for good, perhaps in another window." },
  TASK_EXISTS: { what: "This task is there already.", next: "The list has been read again." },
  VALIDATION_FAILED: auth.VALIDATION_FAILED,
  PAGE_TOKEN_INVALID: auth.PAGE_TOKEN_INVALID,
  ETAG_MISMATCH: { what: "It was changed elsewhere meanwhile.", next: "Compare both versions and choose." },
  REQUEST_ID_REUSED: { what: "The server took this for an earlier request.", next: "Try again." },
  INVALID_TRANSITION: { what: "The task is in another state already.", next: "It is shown as it is now." },
  OVERLOADED: auth.OVERLOADED,
  MESSAGE_TOO_LARGE: auth.MESSAGE_TOO_LARGE,
  DEADLINE_EXCEEDED: auth.DEADLINE_EXCEEDED,
  DATABASE_UNAVAILABLE: auth.DATABASE_UNAVAILABLE,
  SHUTTING_DOWN: auth.SHUTTING_DOWN,
  METHOD_UNKNOWN: auth.METHOD_UNKNOWN,
  REQUEST_MALFORMED: auth.REQUEST_MALFORMED,
  INTERNAL: auth.INTERNAL,
  TASK_LIST_NOT_FOUND: { what: "This list is gone.", next: "It was removed, perhaps in another window." },
  TASK_LIST_EXISTS: { what: "This list is there already.", next: "The lists have been read again." },
  NOT_DELETED: {
    what: "It is not in the trash any more.",
    next: "It was restored, perhaps in another window.",
  },
  INBOX_UNDELETABLE: { what: "The inbox stays.", next: "Delete or move the tasks in it instead." },
  CYCLE: { what: "A task cannot be above itself, nor wait for itself.", next: "Choose another task." },
  TOO_DEEP: { what: "There are 10 levels of subtasks at most.", next: "Choose a place nearer the top." },
  QUOTA_EXCEEDED: {
    what: "You have as many as one person may have.",
    next: "Empty the trash, or use fewer labels.",
  },
  FILTER_INVALID: { what: "The filter cannot be read.", next: "Correct it where it is marked." },
  RATE_LIMITED: { what: "That was too much at once.", next: tryLater },
};

const edge: Record<EdgeReason, Words> = {
  SERVICE_UNREACHABLE: { what: "The server cannot be reached.", next: unclear },
  METHOD_UNKNOWN: auth.METHOD_UNKNOWN,
};

/** What the page refuses itself, before anything is sent. */
const page: Record<"TAB_BUSY", Words> = {
  TAB_BUSY: { what: "Another tab of this page is logging in or out.", next: tryLater },
};

const domains: Record<string, Record<string, Words>> = {
  "auth.duet": auth,
  "task.duet": task,
  "edge.duet": edge,
  "page.duet": page,
};

/** Says what a thrown error means. Never the server's own message: that is for programmers. */
export function explain(thrown: unknown): Words {
  const { code, domain, reason } = failureOf(thrown);
  const known = domains[domain]?.[reason];
  if (known) return known;
  if (code === Code.Unavailable) return edge.SERVICE_UNREACHABLE;
  if (code === Code.DeadlineExceeded) return auth.DEADLINE_EXCEEDED;
  if (code === Code.Canceled) return { what: "It was called off.", next: "Try again." };
  return { what: "Something went wrong.", next: "Try again; if it stays, reload the page." };
}

/** Whether nobody can tell if a call that failed took effect. */
export function mayHaveHappened(thrown: unknown): boolean {
  return explain(thrown).next === unclear;
}
