import { useNavigate } from "@solidjs/router";
import { createSignal, Show } from "solid-js";
import { Button } from "../design/Button.jsx";
import { Dialog } from "../design/Dialog.jsx";
import { Field } from "../design/Field.jsx";
import { Trouble } from "../design/pieces.jsx";
import { createSubmission } from "../errors/submission.js";
import type { TaskList } from "../gen/duet/task/v1/task_list_service_pb.js";
import { useTasks } from "./context.js";
import { createList, renameList } from "./lists.js";
import { addressOf } from "./places.js";

/** Names a new list, or an old one anew. */
export function ListDialog(props: { list?: TaskList; onClose: () => void }) {
  const store = useTasks();
  const navigate = useNavigate();
  const [title, setTitle] = createSignal(props.list?.title ?? "");
  const saving = createSubmission(async () => {
    if (props.list) await renameList(store, props.list, title().trim());
    else navigate(addressOf({ at: "list", id: (await createList(store, title().trim())).id }));
    props.onClose();
  });
  return (
    <Dialog title={props.list ? "Rename the list" : "Make a list"} onClose={() => props.onClose()}>
      <form class="stack" onSubmit={saving.onSubmit}>
        <Field
          label="Name"
          name="title"
          autocomplete="off"
          autofocus
          maxlength="200"
          value={title()}
          onInput={setTitle}
          errors={saving.violations("title")}
        />
        <Show when={saving.error() !== undefined && !saving.onlyAbout("title")}>
          <Trouble error={saving.error()} />
        </Show>
        <div class="dialog-actions">
          <Button look="quiet" onClick={() => props.onClose()}>
            Cancel
          </Button>
          <Button look="main" type="submit" busy={saving.busy()} disabled={title().trim() === ""}>
            {props.list ? "Rename" : "Make the list"}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
