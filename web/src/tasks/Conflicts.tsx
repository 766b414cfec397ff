import { For, onCleanup, Show } from "solid-js";
import { Button } from "../design/Button.jsx";
import { Dialog } from "../design/Dialog.jsx";
import { shortened } from "./actions.js";
import { conflicts, type Conflict } from "./conflicts.js";
import { stateNames } from "./state-names.js";
import type { Task } from "./task.js";
import { priorities } from "./TaskRow.jsx";
import { shownTaskTime } from "./times.js";

const nothing = "nothing";

const shown: Record<string, (task: Task) => string> = {
  Title: (task) => task.title,
  Notes: (task) => task.notes,
  State: (task) => stateNames[task.state],
  Priority: (task) => priorities[task.priority].name,
  Start: (task) => (task.start ? shownTaskTime(task.start) : ""),
  Due: (task) => (task.due ? shownTaskTime(task.due) : ""),
  Labels: (task) => task.labels.map((label) => `#${label}`).join(" "),
  Trash: (task) => (task.deleteTime ? "in the trash" : ""),
};

/** Both versions of a task that was changed in two places, and the choice between them. */
export function Conflicts() {
  onCleanup(() => conflicts().forEach(({ answer }) => answer()));
  return (
    <Show when={conflicts()[0]} keyed>
      {(conflict) => <ConflictDialog conflict={conflict} />}
    </Show>
  );
}

function ConflictDialog(props: { conflict: Conflict }) {
  const rows = () => {
    const { mine, theirs } = props.conflict;
    return Object.entries(shown)
      .map(([name, of]) => ({ name, mine: of(mine), theirs: of(theirs) }))
      .filter((row) => row.mine !== row.theirs);
  };
  return (
    <Dialog title="Changed in two places" onClose={() => props.conflict.answer()}>
      <p class="soft">
        “{shortened(props.conflict.theirs.title)}” {props.conflict.failed}: somebody has changed it meanwhile,
        perhaps you in another window.
      </p>
      <table class="versions">
        <thead>
          <tr>
            <th scope="col">
              <span class="unseen">Field</span>
            </th>
            <th scope="col">Yours</th>
            <th scope="col">As it is now</th>
          </tr>
        </thead>
        <tbody>
          <For
            each={rows()}
            fallback={
              <tr>
                <td colspan="3">Both are the same by now.</td>
              </tr>
            }
          >
            {(row) => (
              <tr>
                <th scope="row">{row.name}</th>
                <td>{row.mine || <span class="soft">{nothing}</span>}</td>
                <td>{row.theirs || <span class="soft">{nothing}</span>}</td>
              </tr>
            )}
          </For>
        </tbody>
      </table>
      <div class="dialog-actions">
        <Button look="quiet" onClick={() => props.conflict.answer(false)}>
          Keep what is there now
        </Button>
        <Button look="main" autofocus onClick={() => props.conflict.answer(true)}>
          Make my change
        </Button>
      </div>
    </Dialog>
  );
}
