import { createUniqueId, For, Show } from "solid-js";
import { IconButton } from "../design/Button.jsx";
import { FieldErrors } from "../design/Field.jsx";
import type { TaskTime } from "../gen/duet/task/v1/task_service_pb.js";
import { ownZone, taskTime } from "./times.js";

type TimeProps = {
  label: string;
  value: TaskTime | undefined;
  /** What is wrong with it, one sentence each. */
  errors: readonly string[];
  onChange: (value: TaskTime | undefined) => void;
};

/** A day, a time wherever one is, or a time in one zone. */
export function TimeField(props: TimeProps) {
  const id = createUniqueId();
  const set = (change: { date?: string; timeOfDay?: string; timeZone?: string }) => {
    const date = change.date ?? props.value?.date ?? "";
    const timeOfDay = change.timeOfDay ?? props.value?.timeOfDay ?? "";
    // A time that has just come to be is one of the person's own zone.
    const zone = change.timeZone ?? (props.value?.timeOfDay ? props.value.timeZone : ownZone());
    props.onChange(date ? taskTime(date, timeOfDay, timeOfDay ? zone : "") : undefined);
  };
  const zones = () => {
    const shown = props.value?.timeZone ?? "";
    const all = new Set([ownZone(), ...(shown ? [shown] : []), "UTC", ...Intl.supportedValuesOf("timeZone")]);
    return [...all];
  };
  return (
    <fieldset class="time-field">
      <legend class="label">{props.label}</legend>
      <div class="time-line">
        <div class="field-box">
          <input
            type="date"
            max="9999-12-31"
            aria-label={`${props.label}: day`}
            aria-invalid={props.errors.length > 0 ? "true" : undefined}
            aria-describedby={`${id}-errors`}
            value={props.value?.date ?? ""}
            onChange={(event) => set({ date: event.currentTarget.value })}
          />
        </div>
        <Show when={props.value}>
          <div class="field-box">
            <input
              type="time"
              aria-label={`${props.label}: time of day, or empty for the whole day`}
              value={props.value?.timeOfDay.slice(0, 5) ?? ""}
              onChange={(event) => set({ timeOfDay: event.currentTarget.value })}
            />
          </div>
          <IconButton
            icon="close"
            label={`Remove the ${props.label.toLowerCase()} date`}
            onClick={() => props.onChange(undefined)}
          />
        </Show>
      </div>
      <Show when={props.value?.timeOfDay}>
        <div class="field-box field-select">
          <select
            aria-label={`${props.label}: time zone`}
            onChange={(event) => set({ timeZone: event.currentTarget.value })}
          >
            <option value="" selected={props.value?.timeZone === ""}>
              Wherever I am
            </option>
            <For each={zones()}>
              {(zone) => (
                <option value={zone} selected={props.value?.timeZone === zone}>
                  {zone.replaceAll("_", " ")}
                </option>
              )}
            </For>
          </select>
        </div>
      </Show>
      <FieldErrors id={`${id}-errors`} errors={props.errors} />
    </fieldset>
  );
}
