import { Navigate, useLocation, useNavigate } from "@solidjs/router";
import { QueryClientProvider } from "@tanstack/solid-query";
import { createEffect, Match, onCleanup, onMount, Show, Suspense, Switch, type JSX } from "solid-js";
import { Questions } from "../design/ask.jsx";
import { Mark } from "../design/Icon.jsx";
import { Trouble } from "../design/pieces.jsx";
import { clearToasts, Toasts } from "../design/toast.jsx";
import { PersonContext } from "../sessions/context.js";
import type { Person } from "../sessions/person.js";
import { askCookie, session, type Ending } from "../sessions/session.js";
import { onShortcut } from "./commands.js";
import { addressAfterLogin, isDoor, loginAddress } from "./doors.js";
import { OutageBanner } from "./OutageBanner.jsx";
import { Palette } from "./Palette.jsx";
import { Shell } from "./Shell.jsx";
import { Shortcuts } from "./Shortcuts.jsx";

/** The page: what is seen depends on whether somebody is signed in, and then on the address. */
export function App(props: { children?: JSX.Element }) {
  const here = () => {
    const now = session();
    return now.at === "signed-in" ? now : undefined;
  };
  createEffect(() => {
    if (session().at !== "signed-in") clearToasts();
  });
  onMount(() => addEventListener("keydown", onShortcut));
  onCleanup(() => removeEventListener("keydown", onShortcut));
  return (
    <>
      <Switch>
        <Match when={session().at === "start" && (session() as { error?: unknown })}>
          {(start) => <Start error={start().error} />}
        </Match>
        <Match when={session().at === "signed-out" && (session() as { ending?: Ending })}>
          {(out) => <Outside ending={out().ending}>{props.children}</Outside>}
        </Match>
        <Match when={here()} keyed>
          {({ person, stranger }) => (
            <Inside person={person} stranger={stranger}>
              {props.children}
            </Inside>
          )}
        </Match>
      </Switch>
      <Toasts>
        <OutageBanner />
      </Toasts>
      <Questions />
    </>
  );
}

/** Before it is known who is there. */
function Start(props: { error: unknown }) {
  return (
    <main class="start">
      <div class="start-mark">
        <Mark />
      </div>
      <h1 class="unseen">Duet</h1>
      <Show when={props.error !== undefined} fallback={<p class="unseen">Loading…</p>}>
        <Trouble error={props.error} again={() => void askCookie()} />
      </Show>
    </main>
  );
}

/** Nobody is signed in: only the doors are open. Whoever comes by one goes on to where they wanted to go. */
function Outside(props: { ending: Ending | undefined; children: JSX.Element }) {
  const location = useLocation();
  return (
    <Show
      when={isDoor(location.pathname)}
      fallback={<Navigate href={loginAddress(location, props.ending)} />}
    >
      <Suspense>{props.children}</Suspense>
    </Show>
  );
}

function Inside(props: { person: Person; stranger: boolean; children: JSX.Element }) {
  const location = useLocation();
  const navigate = useNavigate();
  createEffect(() => {
    if (isDoor(location.pathname)) navigate(addressAfterLogin(location, props.stranger), { replace: true });
  });
  return (
    <PersonContext.Provider value={props.person}>
      <QueryClientProvider client={props.person.queries}>
        <Show when={!isDoor(location.pathname)}>
          <Shell>{props.children}</Shell>
          <Palette />
          <Shortcuts />
        </Show>
      </QueryClientProvider>
    </PersonContext.Provider>
  );
}
