import { useMe } from "./me.js";

/** Tells a password manager whose password the form is about. */
export function Username() {
  const me = useMe();
  return (
    <input
      class="unseen"
      type="text"
      name="username"
      autocomplete="username"
      aria-hidden="true"
      tabindex="-1"
      readonly
      value={me.isSuccess ? (me.data?.email ?? "") : ""}
    />
  );
}
