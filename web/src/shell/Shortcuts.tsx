import { createSignal, For, Show } from "solid-js";
import { Dialog } from "../design/Dialog.jsx";
import { commands } from "./commands.js";
import { Keys } from "./Palette.jsx";
import { prefer, preferences } from "./preferences.js";

const [open, setOpen] = createSignal(false);

/** Shows what the keys do. */
export const openShortcuts = () => setOpen(true);

/** The keys that do something here. */
export function Shortcuts() {
  const groups = () =>
    Map.groupBy(
      commands().filter(({ keys }) => keys),
      ({ group }) => group,
    );
  return (
    <Show when={open()}>
      <Dialog title="Keyboard" onClose={() => setOpen(false)}>
        <For each={[...groups()]}>
          {([group, offered]) => (
            <section class="shortcuts">
              <h3>{group}</h3>
              <dl>
                <For each={offered}>
                  {(command) => (
                    <div>
                      <dt>{command.title}</dt>
                      <dd>
                        <Keys keys={command.keys} />
                      </dd>
                    </div>
                  )}
                </For>
              </dl>
            </section>
          )}
        </For>
        <label class="check">
          <input
            type="checkbox"
            checked={preferences().singleKeys}
            onChange={(event) => prefer({ singleKeys: event.currentTarget.checked })}
          />
          Keys work without Ctrl or ⌘
        </label>
      </Dialog>
    </Show>
  );
}
