import { createSignal, createUniqueId, onCleanup, onMount, type JSX } from "solid-js";
import { IconButton } from "./Button.jsx";

type DialogProps = {
  title: string;
  onClose: () => void;
  children: JSX.Element;
  /** `side`: at the left edge, from top to bottom. */
  place?: "middle" | "top" | "side";
  /** The title is for those who hear the page only. */
  bare?: boolean;
};

const [open, setOpen] = createSignal<readonly HTMLDialogElement[]>([]);

/** The dialog that is in front of everything else; nothing outside of it can be pressed. */
export const frontDialog = () => open().at(-1);

/** A modal dialog: open for as long as it is there. Escape and a press outside close it. */
export function Dialog(props: DialogProps) {
  const title = createUniqueId();
  let dialog!: HTMLDialogElement;
  const opener = document.activeElement;
  onMount(() => {
    dialog.showModal();
    setOpen((all) => [...all, dialog]);
  });
  onCleanup(() => {
    setOpen((all) => all.filter((other) => other !== dialog));
    if (opener instanceof HTMLElement) queueMicrotask(() => opener.focus());
  });
  return (
    <dialog
      ref={dialog}
      class={`dialog dialog-${props.place ?? "middle"}`}
      aria-labelledby={title}
      onCancel={(event) => {
        event.preventDefault();
        props.onClose();
      }}
      onMouseDown={(event) => {
        if (event.target === dialog) props.onClose();
      }}
    >
      <div class="dialog-body">
        <div class={props.bare ? "unseen" : "dialog-head"}>
          <h2 id={title}>{props.title}</h2>
          {!props.bare && <IconButton icon="close" label="Close" onClick={() => props.onClose()} />}
        </div>
        {props.children}
      </div>
    </dialog>
  );
}
