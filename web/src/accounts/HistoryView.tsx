import { A } from "@solidjs/router";
import { useInfiniteQuery } from "@tanstack/solid-query";
import { For, Match, Show, Switch } from "solid-js";
import { Button } from "../design/Button.jsx";
import { Icon } from "../design/Icon.jsx";
import { EmptyState, Skeleton, Trouble } from "../design/pieces.jsx";
import { shownClock, shownDay, shownTime } from "../design/time.js";
import type { AuthEvent } from "../gen/duet/auth/v1/auth_service_pb.js";
import { usePerson } from "../sessions/context.js";
import { Title } from "../shell/Title.jsx";
import { shownCause, shownEvent } from "./events.js";

export default function HistoryView() {
  const person = usePerson();
  const events = useInfiniteQuery(() => ({
    queryKey: ["account", "events"],
    queryFn: ({ pageParam, signal }) => person.account.listAuthEvents({ pageToken: pageParam }, { signal }),
    initialPageParam: "",
    getNextPageParam: (page) => page.nextPageToken || undefined,
  }));
  const days = () => [
    ...Map.groupBy(events.data?.pages.flatMap((page) => page.events) ?? [], ({ createTime }) =>
      shownDay(createTime),
    ),
  ];
  return (
    <>
      <Title>Security history</Title>
      <div class="section-text">
        <h2>What happened to your account</h2>
        <p class="soft">
          Something here that was not you? <A href="/account/password">Change the password</A>, and{" "}
          <A href="/account/sessions">end the other sessions</A>.
        </p>
      </div>
      <Switch>
        <Match when={events.isPending}>
          <Skeleton lines={6} />
        </Match>
        <Match when={events.isError}>
          <Trouble error={events.error} again={() => void events.refetch()} />
        </Match>
        <Match when={events.isSuccess}>
          <For each={days()} fallback={<EmptyState icon="history" title="Nothing has happened yet" />}>
            {([day, ofDay]) => (
              <section>
                <h3 class="day">{day}</h3>
                <ul class="entries">
                  <For each={ofDay}>{(event) => <EventRow event={event} />}</For>
                </ul>
              </section>
            )}
          </For>
          <Show when={events.hasNextPage}>
            <Button class="more" busy={events.isFetchingNextPage} onClick={() => void events.fetchNextPage()}>
              Show more
            </Button>
          </Show>
        </Match>
      </Switch>
    </>
  );
}

function EventRow(props: { event: AuthEvent }) {
  const shown = () => shownEvent(props.event);
  return (
    <li class="entry">
      <div class="entry-icon" classList={{ "entry-bad": shown().bad ?? false }}>
        <Icon name={shown().icon} />
      </div>
      <div class="entry-text">
        <p>{shown().text}</p>
        <p class="soft small numbers" title={props.event.userAgent}>
          {shownCause(props.event)}
        </p>
      </div>
      <time class="soft small numbers" title={shownTime(props.event.createTime)}>
        {shownClock(props.event.createTime)}
      </time>
    </li>
  );
}
