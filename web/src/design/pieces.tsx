import { For, Show, type JSX } from "solid-js";
import { failureOf } from "../errors/failure.js";
import { explain } from "../errors/words.js";
import { Button } from "./Button.jsx";
import { Icon, type IconName } from "./Icon.jsx";

/** Says what is (not) here, and what to do about it. */
export function EmptyState(props: { icon: IconName; title: string; children?: JSX.Element }) {
  return (
    <div class="empty">
      <div class="empty-picture">
        <Icon name={props.icon} />
      </div>
      <h2>{props.title}</h2>
      <div class="soft">{props.children}</div>
    </div>
  );
}

/** Lines where text will be. */
export function Skeleton(props: { lines: number }) {
  return (
    <div class="skeleton" role="status">
      <span class="unseen">Loading…</span>
      <For each={Array.from({ length: props.lines })}>{() => <div class="skeleton-line" />}</For>
    </div>
  );
}

/** Something that stays until it is mended. */
export function Notice(props: { tone?: "plain" | "warm" | "bad"; children: JSX.Element }) {
  return (
    <div class={`notice notice-${props.tone ?? "plain"}`} role={props.tone === "bad" ? "alert" : "status"}>
      <Icon name={props.tone === "plain" || !props.tone ? "check" : "alert"} />
      <div>{props.children}</div>
    </div>
  );
}

/** What was thrown, in people's words. */
export function Trouble(props: { error: unknown; again?: () => void; children?: JSX.Element }) {
  const requestId = () =>
    failureOf(props.error).reason === "INTERNAL" ? failureOf(props.error).requestId : undefined;
  return (
    <Notice tone="bad">
      <p>
        <strong>{explain(props.error).what}</strong> {explain(props.error).next}
      </p>
      <Show when={requestId()}>{(id) => <p class="small numbers">{id()}</p>}</Show>
      {props.children}
      <Show when={props.again}>
        {(again) => (
          <Button look="quiet" icon="restore" onClick={() => again()()}>
            Try again
          </Button>
        )}
      </Show>
    </Notice>
  );
}
