import { createSignal, createUniqueId, For, onCleanup, Show, type JSX } from "solid-js";
import { Icon, type IconName } from "./Icon.jsx";

export type MenuItem = { label: string; icon?: IconName; danger?: boolean; keys?: string; run: () => void };

type MenuProps = {
  /** What the menu is called, and the button unless it shows words of its own. */
  label: string;
  /** Whether what the button shows has words. */
  worded?: boolean;
  class?: string;
  items: readonly MenuItem[];
  /** Where it opens. */
  place?: "below" | "above";
  /** What the button shows. */
  children: JSX.Element;
};

/** A button that opens a list of things to do: arrows, Home, End and first letters walk in it. */
export function Menu(props: MenuProps) {
  const id = createUniqueId();
  const [open, setOpen] = createSignal(false);
  let button!: HTMLButtonElement;
  let root!: HTMLDivElement;
  const items = () => [...root.querySelectorAll<HTMLButtonElement>("[role=menuitem]")];

  const close = (refocus: boolean) => {
    setOpen(false);
    if (refocus) button.focus();
  };
  const show = (last: boolean) => {
    setOpen(true);
    items()
      .at(last ? -1 : 0)
      ?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (!open() && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      show(event.key === "ArrowUp");
    } else if (open()) walk(event);
  };
  const walk = (event: KeyboardEvent) => {
    const all = items();
    const at = all.indexOf(document.activeElement as HTMLButtonElement);
    const letter = event.key.length === 1 ? event.key.toLowerCase() : undefined;
    if (event.key === "Tab") {
      close(false);
      return;
    }
    if (event.key === "Escape") close(true);
    else if (event.key === "ArrowDown") all[(at + 1) % all.length]?.focus();
    else if (event.key === "ArrowUp") all.at((at < 0 ? 0 : at) - 1)?.focus();
    else if (event.key === "Home") all[0]?.focus();
    else if (event.key === "End") all.at(-1)?.focus();
    else if (letter && letter !== " ") {
      const after = [...all.slice(at + 1), ...all.slice(0, at + 1)];
      after.find((item) => item.textContent.trim().toLowerCase().startsWith(letter))?.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const onOutside = (event: PointerEvent) => {
    if (open() && !root.contains(event.target as Node)) close(false);
  };
  addEventListener("pointerdown", onOutside);
  onCleanup(() => removeEventListener("pointerdown", onOutside));

  return (
    <div class="menu" ref={root} onKeyDown={onKeyDown}>
      <button
        ref={button}
        type="button"
        class={props.class ?? "icon-button"}
        aria-haspopup="menu"
        aria-expanded={open()}
        aria-controls={open() ? id : undefined}
        aria-label={props.worded ? undefined : props.label}
        title={props.label}
        onClick={() => (open() ? close(false) : show(false))}
      >
        {props.children}
      </button>
      <Show when={open()}>
        <div id={id} class={`menu-list menu-${props.place ?? "below"}`} role="menu" aria-label={props.label}>
          <For each={props.items}>
            {(item) => (
              <button
                type="button"
                role="menuitem"
                tabindex="-1"
                class="menu-item"
                classList={{ "menu-danger": item.danger ?? false }}
                onClick={() => {
                  close(true);
                  item.run();
                }}
              >
                {item.icon && <Icon name={item.icon} />}
                <span>{item.label}</span>
                {item.keys && <kbd>{item.keys}</kbd>}
              </button>
            )}
          </For>
        </div>
      </Show>
    </div>
  );
}
