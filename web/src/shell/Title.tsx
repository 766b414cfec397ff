import { createRenderEffect, onCleanup } from "solid-js";

/** What the browser calls this view. */
export function Title(props: { children: string }) {
  createRenderEffect(() => (document.title = `${props.children} · Duet`));
  onCleanup(() => (document.title = "Duet"));
  return null;
}
