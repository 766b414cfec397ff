import { A } from "@solidjs/router";
import { Icon } from "../design/Icon.jsx";

/** The person's lists, in the sidebar. */
export function TasksNav() {
  return (
    <nav class="nav" aria-label="Tasks">
      <A href="/" end class="nav-link">
        <Icon name="inbox" />
        <span>All tasks</span>
      </A>
    </nav>
  );
}
