import { Route } from "@solidjs/router";
import { lazy } from "solid-js";

const TasksView = lazy(() => import("./TasksView.jsx"));

/** The addresses of what people do with their tasks. */
export function taskRoutes() {
  return <Route path="/" component={TasksView} />;
}
