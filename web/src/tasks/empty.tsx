import { Show } from "solid-js";
import { Button } from "../design/Button.jsx";
import type { IconName } from "../design/Icon.jsx";
import { EmptyState } from "../design/pieces.jsx";
import type { Place } from "./places.js";

const words: Record<Place["at"], { icon: IconName; title: string; text: string }> = {
  all: {
    icon: "check",
    title: "Nothing to do",
    text: "What comes to your mind? Press N and write it down, as you would say it.",
  },
  inbox: {
    icon: "inbox",
    title: "The inbox is empty",
    text: "Write down here what comes to your mind, and sort it into lists when there is time.",
  },
  list: {
    icon: "list",
    title: "Nothing on this list",
    text: "Add the first task above, or drag some here from another list.",
  },
  today: {
    icon: "sun",
    title: "Nothing for today",
    text: "All that was due is done. Enjoy the rest of the day.",
  },
  upcoming: {
    icon: "calendar",
    title: "Nothing ahead",
    text: "Tasks with a date to come are here, day by day. Try “water the plants on Sunday”.",
  },
  label: {
    icon: "tag",
    title: "Nothing has this label",
    text: "Write # and its name anywhere in a new task to give it the label.",
  },
  trash: {
    icon: "trash",
    title: "The trash is empty",
    text: "What you delete stays here for a while, in case you want it back.",
  },
};

/** Says that there is nothing, and how that could change. */
export function NothingHere(props: { place: Place; narrowed: boolean; onClear: () => void }) {
  return (
    <Show
      when={props.narrowed}
      fallback={
        <EmptyState icon={words[props.place.at].icon} title={words[props.place.at].title}>
          <p>{words[props.place.at].text}</p>
        </EmptyState>
      }
    >
      <EmptyState icon="filter" title="Nothing passes the filter">
        <p>There may be tasks here that it does not show.</p>
        <Button onClick={() => props.onClear()}>Clear the filter</Button>
      </EmptyState>
    </Show>
  );
}
