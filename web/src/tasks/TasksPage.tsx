import { useLocation, useNavigate } from "@solidjs/router";
import {
  createComputed,
  createEffect,
  createMemo,
  createSignal,
  lazy,
  on,
  onCleanup,
  onMount,
  Show,
  Suspense,
  untrack,
} from "solid-js";
import { usePerson } from "../sessions/context.js";
import { Title } from "../shell/Title.jsx";
import { look } from "./actions.js";
import { useTasks } from "./context.js";
import { Conflicts } from "./Conflicts.jsx";
import { plainView, viewOf } from "./filter.js";
import { useHere } from "./here.js";
import { useLists } from "./lists.js";
import { askParent, placed } from "./parents.js";
import { addressOf, placeOf, titleOf, type Place } from "./places.js";
import { TasksView } from "./TasksView.jsx";
import "./view.css";
import "./filter.css";
import "./quick-add.css";
import "./rows.css";
import "./bulk.css";
import "./trash.css";
import "./panel.css";

const ParentDialog = lazy(() => import("./ParentDialog.jsx"));
const TaskPanel = lazy(() => import("./TaskPanel.jsx"));

/** A list of tasks and, beside it, the task that is open. */
export default function TasksPage() {
  const person = usePerson();
  const store = useTasks();
  const location = useLocation();
  const navigate = useNavigate();
  const { query, lists } = useLists(person);
  const open = createMemo(() => /^\/tasks\/([^/]+)$/.exec(location.pathname)?.[1]);
  const [here, setHere] = useHere();
  createComputed(() => {
    const place = placeOf(location.pathname);
    if (place) setHere({ place, search: location.search });
  });
  // Who comes by a task's own address finds its list beside it.
  createEffect(
    on([open, () => query.isSuccess], ([id]) => {
      if (!id) return;
      const known = untrack(() => store.get(id));
      void (known ? Promise.resolve(known) : look(store, id)).then((task) => {
        if (untrack(here) || open() !== id || !query.isSuccess) return;
        const inbox = lists().some((list) => list.inbox && list.id === task?.taskListId);
        const place: Place = !task || inbox ? { at: "inbox" } : { at: "list", id: task.taskListId };
        setHere({ place: task?.deleteTime ? { at: "trash" } : place, search: "" });
      });
    }),
  );
  const view = createMemo(() => (here() ? viewOf(here()?.search ?? "") : plainView));
  const close = () => {
    const now = here();
    navigate(now ? addressOf(now.place) + now.search : "/", { scroll: false });
  };

  // What is in view is asked for again when the person comes back.
  const [visits, setVisits] = createSignal(0);
  onMount(() => {
    // Nobody has opened a task in the first second.
    const idle = setTimeout(() => void TaskPanel.preload(), 1_000);
    const onVisit = () => {
      if (document.visibilityState !== "visible") return;
      setVisits((count) => count + 1);
      const id = open();
      if (id) void look(store, id);
    };
    addEventListener("focus", onVisit);
    document.addEventListener("visibilitychange", onVisit);
    onCleanup(() => {
      clearTimeout(idle);
      removeEventListener("focus", onVisit);
      document.removeEventListener("visibilitychange", onVisit);
    });
  });

  onCleanup(() => {
    askParent(undefined);
    setHere(undefined);
  });

  return (
    <div class="tasks" classList={{ "tasks-open": open() !== undefined }}>
      <Show when={here()} keyed={false}>
        {(now) => (
          <>
            <Show when={!open()}>
              <Title>{titleOf(now().place, lists())}</Title>
            </Show>
            <TasksView
              place={now().place}
              view={view()}
              lists={lists()}
              listsKnown={query.isSuccess}
              open={open()}
              visits={visits()}
            />
          </>
        )}
      </Show>
      <Show when={open()} keyed>
        {(id) => (
          <Suspense>
            <TaskPanel id={id} lists={lists()} onClose={close} />
          </Suspense>
        )}
      </Show>
      <Conflicts />
      <Show when={placed()} keyed>
        {(task) => (
          <Suspense>
            <ParentDialog task={task} />
          </Suspense>
        )}
      </Show>
    </div>
  );
}
