import { useInfiniteQuery, useQueryClient } from "@tanstack/solid-query";
import { createSignal, For, Match, Show, Switch } from "solid-js";
import { ask } from "../design/ask.jsx";
import { Button } from "../design/Button.jsx";
import { Icon } from "../design/Icon.jsx";
import { Skeleton, Trouble } from "../design/pieces.jsx";
import { shownAgo, shownDay, shownTime } from "../design/time.js";
import { toast, toastFailure } from "../design/toast.jsx";
import type { Session } from "../gen/duet/auth/v1/auth_service_pb.js";
import { usePerson } from "../sessions/context.js";
import { Title } from "../shell/Title.jsx";
import { deviceOf } from "./device.js";
import { logOutOrSay } from "./logout.js";

const key = ["account", "sessions"];

export default function SessionsView() {
  const person = usePerson();
  const queries = useQueryClient();
  const sessions = useInfiniteQuery(() => ({
    queryKey: key,
    queryFn: ({ pageParam, signal }) => person.account.listSessions({ pageToken: pageParam }, { signal }),
    initialPageParam: "",
    getNextPageParam: (page) => page.nextPageToken || undefined,
  }));
  const all = () => sessions.data?.pages.flatMap((page) => page.sessions) ?? [];
  const readAgain = () => queries.invalidateQueries({ queryKey: key });

  const endOthers = async () => {
    const yes = await ask({
      title: "End all other sessions?",
      text: "Every other device is logged out at once. This one stays.",
      yes: "End them",
      danger: true,
    });
    if (yes) await tryEndOthers();
  };
  const tryEndOthers = () =>
    person.account
      .revokeOtherSessions({})
      .then(() => toast({ text: "All other sessions are ended." }))
      .catch((error: unknown) =>
        toastFailure("Ending the sessions failed.", error, () => void tryEndOthers()),
      )
      .finally(() => void readAgain());

  return (
    <>
      <Title>Sessions</Title>
      <Switch>
        <Match when={sessions.isPending}>
          <Skeleton lines={4} />
        </Match>
        <Match when={sessions.isError}>
          <Trouble error={sessions.error} again={() => void sessions.refetch()} />
        </Match>
        <Match when={sessions.isSuccess}>
          <div class="section-head">
            <h2>Where you are logged in</h2>
            <Show when={all().length > 1}>
              <Button onClick={() => void endOthers()}>End all others</Button>
            </Show>
          </div>
          <ul class="entries">
            <For each={all()}>
              {(session) => <SessionRow session={session} ended={() => void readAgain()} />}
            </For>
          </ul>
          <Show when={sessions.hasNextPage}>
            <Button
              class="more"
              busy={sessions.isFetchingNextPage}
              onClick={() => void sessions.fetchNextPage()}
            >
              Show more
            </Button>
          </Show>
        </Match>
      </Switch>
    </>
  );
}

function SessionRow(props: { session: Session; ended: () => void }) {
  const person = usePerson();
  const [busy, setBusy] = createSignal(false);
  const end = () => {
    if (busy()) return;
    setBusy(true);
    person.account
      .revokeSession({ sessionId: props.session.id })
      .then(() => toast({ text: "The session is ended." }))
      .catch((error: unknown) => toastFailure("Ending the session failed.", error, end))
      .finally(() => {
        setBusy(false);
        props.ended();
      });
  };
  return (
    <li class="entry">
      <div class="entry-icon" classList={{ "entry-here": props.session.current }}>
        <Icon name="devices" />
      </div>
      <div class="entry-text">
        <h3 class="entry-title" title={props.session.userAgent}>
          {deviceOf(props.session.userAgent)}
          <Show when={props.session.current}>
            <span class="badge">This device</span>
          </Show>
        </h3>
        <p class="soft small numbers">
          <span title={shownTime(props.session.lastSeenTime)}>
            Last seen {shownAgo(props.session.lastSeenTime)}
          </span>
          {props.session.ipAddress && ` from ${props.session.ipAddress}`} · since{" "}
          {shownDay(props.session.createTime)}
        </p>
      </div>
      <Show
        when={props.session.current}
        fallback={
          <Button look="quiet" busy={busy()} onClick={end}>
            End
          </Button>
        }
      >
        <Button look="quiet" onClick={() => void logOutOrSay(person)}>
          Log out
        </Button>
      </Show>
    </li>
  );
}
