import { useQuery } from "@tanstack/solid-query";
import { For, Match, Show, Switch } from "solid-js";
import { EmptyState, Skeleton, Trouble } from "../design/pieces.jsx";
import { usePerson } from "../sessions/context.js";
import { Title } from "../shell/Title.jsx";

export default function TasksView() {
  const person = usePerson();
  const tasks = useQuery(() => ({
    queryKey: ["tasks"],
    queryFn: async ({ signal }) => (await person.tasks.listTasks({}, { signal })).tasks,
  }));
  return (
    <div class="page">
      <Title>Tasks</Title>
      <div class="page-head">
        <h1>All tasks</h1>
      </div>
      <Switch>
        <Match when={tasks.isPending}>
          <Skeleton lines={6} />
        </Match>
        <Match when={tasks.isError}>
          <Trouble error={tasks.error} again={() => void tasks.refetch()} />
        </Match>
        <Match when={tasks.isSuccess}>
          <Show
            when={tasks.data?.length}
            fallback={
              <EmptyState icon="check" title="Nothing to do">
                <p>Enjoy it while it lasts.</p>
              </EmptyState>
            }
          >
            <ul>
              <For each={tasks.data}>{(task) => <li>{task.title}</li>}</For>
            </ul>
          </Show>
        </Match>
      </Switch>
    </div>
  );
}
