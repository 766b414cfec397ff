import { createEffect, Show } from "solid-js";
import { IconButton } from "../design/Button.jsx";
import { look } from "./actions.js";
import { useTasks } from "./context.js";

/** Of which task the one in the panel is a subtask, and how to take it out of there. */
export function ParentLine(props: { id: string; onLeave: () => void }) {
  const store = useTasks();
  createEffect(() => {
    if (!store.get(props.id)) void look(store, props.id);
  });
  return (
    <p class="panel-parent">
      <span class="soft">Part of</span>
      <Show when={store.get(props.id)} fallback={<span class="soft">…</span>}>
        {(parent) => (
          <a href={`/tasks/${props.id}`} noScroll>
            {parent().title}
          </a>
        )}
      </Show>
      <IconButton icon="close" label="Make it a task of its own" onClick={() => props.onLeave()} />
    </p>
  );
}
