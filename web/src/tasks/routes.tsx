import { Route } from "@solidjs/router";
import { lazy } from "solid-js";

const TasksPage = lazy(() => import("./TasksPage.jsx"));

/** The addresses of what people do with their tasks. One page for all of them: a list stays beside the task opened from it. */
export function taskRoutes() {
  return (
    <Route component={TasksPage}>
      <Route
        path={[
          "/",
          "/inbox",
          "/today",
          "/upcoming",
          "/trash",
          "/lists/:list",
          "/labels/:label",
          "/tasks/:task",
        ]}
      />
    </Route>
  );
}
