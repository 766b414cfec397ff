import { createClient } from "@connectrpc/connect";
import { createSignal } from "solid-js";
import { isRefusal } from "../errors/failure.js";
import { AuthService, RefreshTokenDelivery, type Tokens } from "../gen/duet/auth/v1/auth_service_pb.js";
import { repeated } from "../rpc/repeat.js";
import { createTransport } from "../rpc/transport.js";
import { inTurn } from "./lock.js";
import { onNews, tell } from "./news.js";
import { Person } from "./person.js";
import { subjectOf } from "./subject.js";

/** Why nobody is signed in any more. */
export type Ending = "logged-out" | "logged-out-elsewhere" | "deleted" | "ended";

export type Session =
  /** The cookie is being asked; `error` if that came to nothing. */
  | { at: "start"; error?: unknown }
  | { at: "signed-out"; ending?: Ending }
  /** `stranger`: somebody else was here before, and the address is theirs. */
  | { at: "signed-in"; person: Person; stranger: boolean };

// The only calls with which the refresh token's cookie travels. It is out of every script's reach.
const auth = createClient(AuthService, createTransport("same-origin"));
const [session, setSession] = createSignal<Session>({ at: "start" });
let former: { sub: string; drafts: Map<string, unknown> } | undefined;

/** Whether somebody is signed in, and who. */
export { session };

/** Finds out who is signed in, by the cookie, and follows what other tabs do. */
export function begin(): void {
  onNews(({ kind, sub }) => {
    const present = presentPerson();
    if (kind === "signed-out") {
      if (present?.sub === sub) drop("logged-out-elsewhere");
    } else if (present) {
      if (present.sub !== sub) leave(present);
    } else if (kind === "signed-in" || !isAsking()) void askCookie();
  });
  // A page that the browser had put aside has heard nothing meanwhile.
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) location.reload();
  });
  void askCookie();
}

/** Asks who is signed in, while nobody is. */
export async function askCookie(): Promise<void> {
  setSession({ at: "start" });
  try {
    await fetchTokens();
  } catch (error) {
    if (isRefusal(error, "auth.duet", "REFRESH_TOKEN_INVALID")) setSession({ at: "signed-out" });
    else if (session().at === "start") setSession({ at: "start", error });
  }
}

/** Begins a session. */
export function logIn(email: string, password: string): Promise<void> {
  return enter(() => auth.login({ email, password, refreshTokenDelivery: RefreshTokenDelivery.COOKIE }));
}

/** Makes a user and begins a session, as `logIn` does. */
export function signUp(email: string, password: string, displayName: string): Promise<void> {
  const refreshTokenDelivery = RefreshTokenDelivery.COOKIE;
  return enter(() => auth.signUp({ email, password, displayName, refreshTokenDelivery }));
}

/** Ends the session, here and on the server; throws, and ends nothing here, if the server did not say so. */
export function logOut(person: Person, ending: Ending = "logged-out"): Promise<void> {
  return inTurn(async () => {
    try {
      await auth.logout({}, { headers: { authorization: person.authorization } });
    } catch (error) {
      if (!isRefusal(error, "auth.duet", "TOKEN_INVALID")) throw error;
      await auth.logout({});
    }
    tell({ kind: "signed-out", sub: person.sub });
    former = undefined;
    if (presentPerson() === person) drop(ending);
  });
}

/** Whether the answer is to come: tabs that are opened together do not make each other ask again. */
function isAsking(): boolean {
  const now = session();
  return now.at === "start" && now.error === undefined;
}

function presentPerson(): Person | undefined {
  const now = session();
  return now.at === "signed-in" ? now.person : undefined;
}

function enter(call: () => Promise<{ tokens?: Tokens | undefined }>): Promise<void> {
  return inTurn(async () => tell({ kind: "signed-in", sub: become((await call()).tokens) }));
}

/** By the cookie, and while the server cannot be reached, again and again. */
async function fetchTokens(person?: Person): Promise<void> {
  try {
    await repeated(
      () => inTurn(async () => tell({ kind: "met", sub: become((await auth.refreshToken({})).tokens) })),
      person?.signal,
    );
  } catch (error) {
    const ended = isRefusal(error, "auth.duet", "REFRESH_TOKEN_INVALID");
    if (ended && person && presentPerson() === person) drop("ended");
    throw error;
  }
}

/** Goes on as whoever the tokens are of, and answers who that is. */
function become(tokens: Tokens | undefined): string {
  const token = tokens?.accessToken ?? "";
  const sub = subjectOf(token);
  const present = presentPerson();
  if (present && present.sub !== sub) leave(present);
  else if (present) present.goOnWith(token);
  else {
    const stranger = former !== undefined && former.sub !== sub;
    const drafts = former?.sub === sub ? former.drafts : new Map<string, unknown>();
    former = undefined;
    setSession({ at: "signed-in", person: new Person(sub, token, drafts, fetchTokens), stranger });
  }
  return sub;
}

/** Somebody else is signed in now: nothing of this person stays, neither in memory nor in the address. */
function leave(present: Person): void {
  present.end();
  setSession({ at: "start" });
  location.replace("/");
}

function drop(ending: Ending): void {
  const present = presentPerson();
  if (!present) return;
  present.end();
  // Only a session that its person did not end leaves something to come back to.
  if (ending === "ended") former = { sub: present.sub, drafts: present.drafts };
  setSession({ at: "signed-out", ending });
}
