import { useBeforeLeave } from "@solidjs/router";
import { onCleanup, onMount } from "solid-js";
import { ask } from "../design/ask.jsx";

/** Asks before the view, or the page, is left while `unsaved` says that something would be lost. */
export function guardUnsaved(unsaved: () => boolean): void {
  useBeforeLeave((leave) => {
    if (leave.defaultPrevented || !unsaved()) return;
    leave.preventDefault();
    void ask({
      title: "Leave without saving?",
      text: "What you have changed here is not saved yet.",
      yes: "Leave",
      no: "Stay",
      danger: true,
    }).then((yes) => {
      if (yes) leave.retry(true);
    });
  });
  const onUnload = (event: BeforeUnloadEvent) => {
    if (unsaved()) event.preventDefault();
  };
  onMount(() => addEventListener("beforeunload", onUnload));
  onCleanup(() => removeEventListener("beforeunload", onUnload));
}
