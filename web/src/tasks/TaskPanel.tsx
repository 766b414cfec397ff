import { createResource, Match, Show, Switch } from "solid-js";
import { IconButton } from "../design/Button.jsx";
import { EmptyState, Skeleton, Trouble } from "../design/pieces.jsx";
import { isRefusal } from "../errors/failure.js";
import type { TaskList } from "../gen/duet/task/v1/task_list_service_pb.js";
import { offerCommands } from "../shell/commands.js";
import { Title } from "../shell/Title.jsx";
import { takeIn } from "./changes.js";
import { useTasks } from "./context.js";
import { TaskForm } from "./TaskForm.jsx";

type PanelProps = { id: string; lists: readonly TaskList[]; onClose: () => void };

/** One task, with all that is known of it. */
export default function TaskPanel(props: PanelProps) {
  const store = useTasks();
  const task = () => store.get(props.id);
  const [asked, { refetch }] = createResource(
    () => (task() ? undefined : props.id),
    async (taskId) => {
      const answer = await store.person.tasks.getTask({ taskId });
      takeIn(store, { tasks: answer.task ? [answer.task] : [] });
      return true;
    },
  );
  const error = (): unknown => asked.error;
  const isGone = () => isRefusal(error(), "task.duet", "TASK_NOT_FOUND", "VALIDATION_FAILED");
  offerCommands(() => [
    { group: "Tasks", title: "Close the task", keys: "Escape", icon: "close", run: props.onClose },
  ]);
  return (
    <aside class="panel" aria-label="Task">
      <Switch>
        <Match when={task()}>
          {(now) => (
            <>
              <Title>{now().title}</Title>
              <TaskForm task={now()} lists={props.lists} onClose={props.onClose} />
            </>
          )}
        </Match>
        <Match when={asked.state === "errored"}>
          <PanelHead onClose={props.onClose} />
          <Show when={isGone()} fallback={<Trouble error={error()} again={() => void refetch()} />}>
            <Title>Not found</Title>
            <EmptyState icon="search" title="This task is gone">
              <p>It was removed for good, or there never was one at this address.</p>
            </EmptyState>
          </Show>
        </Match>
        <Match when={asked.state === "pending"}>
          <PanelHead onClose={props.onClose} />
          <Skeleton lines={5} />
        </Match>
      </Switch>
    </aside>
  );
}

function PanelHead(props: { onClose: () => void }) {
  return (
    <div class="panel-head">
      <span />
      <IconButton icon="close" label="Close the task" onClick={() => props.onClose()} />
    </div>
  );
}
