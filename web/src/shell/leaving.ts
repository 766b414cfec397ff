import { useBeforeLeave } from "@solidjs/router";
import { onCleanup, onMount } from "solid-js";
import { ask } from "../design/ask.jsx";
import { isChanging } from "../rpc/under-way.js";

const guards = new Set<() => boolean>();

// What is on its way to the server, or waits for it behind the banner, is lost with the tab.
addEventListener("beforeunload", (event) => {
  if (isChanging()) event.preventDefault();
});

/** Asks before the view, or the page, is left while `unsaved` says that something would be lost; then `discard`s it. */
export function guardUnsaved(unsaved: () => boolean, discard: () => void): void {
  useBeforeLeave((leave) => {
    if (leave.defaultPrevented || !unsaved()) return;
    leave.preventDefault();
    void mayLose().then((yes) => {
      if (!yes) return;
      discard();
      leave.retry(true);
    });
  });
  const onUnload = (event: BeforeUnloadEvent) => {
    if (unsaved()) event.preventDefault();
  };
  onMount(() => {
    guards.add(unsaved);
    addEventListener("beforeunload", onUnload);
  });
  onCleanup(() => {
    guards.delete(unsaved);
    removeEventListener("beforeunload", onUnload);
  });
}

/** Asks whether what is not saved anywhere may be lost; yes if there is nothing. */
export async function mayLose(): Promise<boolean> {
  if (!isChanging() && ![...guards].some((unsaved) => unsaved())) return true;
  return ask({
    title: "Leave without saving?",
    text: "What you have changed here is not saved yet.",
    yes: "Leave",
    no: "Stay",
    danger: true,
  });
}
