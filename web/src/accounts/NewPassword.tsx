import { Show } from "solid-js";
import { PasswordField, Rule } from "../design/Field.jsx";

type NewPasswordProps = {
  label: string;
  name: string;
  value: string;
  onInput: (value: string) => void;
  errors: string[];
};

/** The characters that the policy `nist` asks for, and no more than that. */
const LONG = 15;

/**
 * A password to be. Its rules are shown as they are met, and the server decides: nobody tells a client which of its two
 * policies an installation has, and only the server knows which passwords are too common.
 */
export function NewPassword(props: NewPasswordProps) {
  const length = () => Array.from(props.value).length;
  const mixesCases = () => /\p{Lu}/u.test(props.value) && /\p{Ll}/u.test(props.value);
  const hasDigit = () => /\p{Nd}/u.test(props.value);
  return (
    <PasswordField
      label={props.label}
      name={props.name}
      autocomplete="new-password"
      required
      maxlength="256"
      value={props.value}
      onInput={props.onInput}
      errors={props.errors}
      hint={
        <>
          <ul class="rules" aria-label="A good password has">
            <Rule met={length() >= 8}>At least 8 characters</Rule>
            <Rule met={mixesCases()}>Upper and lower case letters</Rule>
            <Rule met={hasDigit()}>A digit</Rule>
          </ul>
          <Show when={length() >= LONG && !(mixesCases() && hasDigit())}>
            <p class="soft small">Where the server asks for length alone, this is long enough.</p>
          </Show>
        </>
      }
    />
  );
}
