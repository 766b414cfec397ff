import "./design/tokens.css";
import "./design/base.css";
import "./design/buttons.css";
import "./design/fields.css";
import "./design/dialogs.css";
import "./design/finder.css";
import "./design/menus.css";
import "./design/pieces.css";
import "./shell/shell.css";
import { Route, Router } from "@solidjs/router";
import { lazy } from "solid-js";
import { render } from "solid-js/web";
import { accountRoutes } from "./accounts/routes.jsx";
import { begin } from "./sessions/session.js";
import { App } from "./shell/App.jsx";
import { taskRoutes } from "./tasks/routes.jsx";

const NotFound = lazy(() => import("./shell/NotFound.jsx"));

begin();
render(
  () => (
    <Router root={App}>
      {taskRoutes()}
      {accountRoutes()}
      <Route path="*" component={NotFound} />
    </Router>
  ),
  document.body,
);
