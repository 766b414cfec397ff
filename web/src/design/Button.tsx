import { splitProps, type JSX } from "solid-js";
import { Icon, type IconName } from "./Icon.jsx";

type Look = "plain" | "main" | "quiet" | "danger";
type ButtonProps = JSX.ButtonHTMLAttributes<HTMLButtonElement> & {
  look?: Look;
  icon?: IconName;
  /** The button's work is under way. Whoever runs the work sees to it that a second press does nothing. */
  busy?: boolean;
};

/** A button with words. */
export function Button(props: ButtonProps) {
  const [own, rest] = splitProps(props, ["look", "icon", "busy", "class", "children", "disabled"]);
  return (
    <button
      type="button"
      {...rest}
      class={`button button-${own.look ?? "plain"} ${own.class ?? ""}`}
      disabled={own.disabled ?? false}
      aria-busy={own.busy ? "true" : undefined}
    >
      {own.busy ? <span class="spinner" aria-hidden="true" /> : own.icon && <Icon name={own.icon} />}
      {own.children}
    </button>
  );
}

type IconButtonProps = JSX.ButtonHTMLAttributes<HTMLButtonElement> & { icon: IconName; label: string };

/** A button with a picture only; `label` is its name. */
export function IconButton(props: IconButtonProps) {
  const [own, rest] = splitProps(props, ["icon", "label", "class"]);
  return (
    <button
      type="button"
      title={own.label}
      aria-label={own.label}
      {...rest}
      class={`icon-button ${own.class ?? ""}`}
    >
      <Icon name={own.icon} />
    </button>
  );
}
