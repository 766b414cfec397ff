import { Show } from "solid-js";
import { Trouble } from "../design/pieces.jsx";
import { failureOf, isRefusal } from "../errors/failure.js";
import type { Listing } from "./listing.js";

/** Why there are no tasks to be seen; in a filter that cannot be read, the place is marked. */
export function ViewTrouble(props: { listing: Listing }) {
  const error = () => props.listing.error();
  const isFilter = () => isRefusal(error(), "task.duet", "FILTER_INVALID");
  const at = () => Math.max(0, Number(failureOf(error()).metadata.position ?? 1) - 1);
  // The server counts characters, JavaScript their halves.
  const filter = () => Array.from(props.listing.query.filter);
  return (
    <Show when={isFilter()} fallback={<Trouble error={error()} again={() => void props.listing.reload()} />}>
      <Trouble error={error()}>
        <p>
          <code class="filter-code">
            {filter().slice(0, at()).join("")}
            <mark>{filter()[at()] ?? "…"}</mark>
            {filter()
              .slice(at() + 1)
              .join("")}
          </code>
        </p>
      </Trouble>
    </Show>
  );
}
