import { createSignal, createUniqueId, For, Show } from "solid-js";
import { Button } from "../design/Button.jsx";
import { Select } from "../design/Select.jsx";
import { useTasks } from "./context.js";
import { filterOf, orderOf, orders, plainView, type View } from "./filter.js";
import type { Place } from "./places.js";

type PanelProps = { id: string; place: Place; view: View; onLook: (view: Partial<View>) => void };

/** Which tasks are shown and in which order: by controls, and in the server's language for those who want it. */
export default function FilterPanel(props: PanelProps) {
  const store = useTasks();
  const labels = () => [...new Set([...store.labels(), ...(props.view.label ? [props.view.label] : [])])];
  // A control puts a filter of one's own aside.
  const look = (view: Partial<View>) => props.onLook({ filter: "", ...view });
  const order = () => orderOf(props.place, props.view);
  const others = () => (order() in orders ? {} : { [order()]: order() });
  return (
    <div id={props.id} class="filter-panel" role="group" aria-label="Filter and sort">
      <div class="filter-controls">
        <Select
          label="Sort by"
          value={order()}
          options={Object.entries({ ...orders, ...others() })}
          onChange={(sort) => props.onLook({ sort: sort || "position" })}
        />
        <Select
          label="Priority"
          value={props.view.priority}
          options={[
            ["", "Any"],
            ["LOW", "Low or higher"],
            ["MEDIUM", "Medium or higher"],
            ["HIGH", "High or higher"],
            ["URGENT", "Urgent"],
          ]}
          onChange={(priority) => look({ priority: priority as View["priority"] })}
        />
        <Select
          label="Due"
          value={props.view.due}
          options={[
            ["", "At any time"],
            ["overdue", "Overdue"],
            ["today", "Today"],
            ["week", "Within 7 days"],
            ["none", "Without a date"],
          ]}
          onChange={(due) => look({ due: due as View["due"] })}
        />
        <Select
          label="Label"
          value={props.view.label}
          options={[["", "Any"], ...labels().map((label): [string, string] => [label, `#${label}`])]}
          onChange={(label) => look({ label })}
        />
      </div>
      <div class="filter-row">
        <label class="check">
          <input
            type="checkbox"
            checked={props.view.done}
            disabled={props.place.at === "trash"}
            onChange={(event) => look({ done: event.currentTarget.checked })}
          />
          Show what is done
        </label>
        <Button look="quiet" onClick={() => props.onLook(plainView)}>
          Reset
        </Button>
      </div>
      <FilterText {...props} />
    </div>
  );
}

function FilterText(props: PanelProps) {
  const id = createUniqueId();
  const [typed, setTyped] = createSignal<string>();
  const compiled = () => filterOf(props.place, props.view);
  const changed = () => typed() !== undefined && typed() !== compiled();
  const apply = () => {
    const filter = typed() ?? "";
    setTyped(undefined);
    props.onLook({ ...plainView, sort: props.view.sort, filter: filter.trim() });
  };
  return (
    <details class="filter-text" open={props.view.filter !== ""}>
      <summary>As a filter</summary>
      <form
        class="filter-form"
        onSubmit={(event) => {
          event.preventDefault();
          apply();
        }}
      >
        <label class="unseen" for={id}>
          Filter in the server's language
        </label>
        <textarea
          id={id}
          rows="3"
          spellcheck={false}
          maxlength="4096"
          value={typed() ?? compiled()}
          onInput={(event) => setTyped(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.shiftKey) return;
            event.preventDefault();
            apply();
          }}
        />
        <div class="filter-row">
          <p class="small soft">
            <For each={["state", "priority", "due", "start", "labels", "title", "text"]}>
              {(field, index) => (
                <>
                  {index() > 0 && ", "}
                  <code>{field}</code>
                </>
              )}
            </For>
            … with <code>AND</code>, <code>OR</code>, <code>NOT</code>
          </p>
          <Show when={changed()}>
            <Button type="submit" look="main">
              Apply
            </Button>
          </Show>
        </div>
      </form>
    </details>
  );
}
