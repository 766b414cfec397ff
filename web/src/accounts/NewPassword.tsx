import { PasswordField, Rule } from "../design/Field.jsx";

type NewPasswordProps = {
  label: string;
  name: string;
  value: string;
  onInput: (value: string) => void;
  errors: string[];
};

/**
 * A password to be. Its rules are shown as they are met, and the server decides: nobody tells a client which of its two
 * policies an installation has, and only the server knows which passwords are too common.
 */
export function NewPassword(props: NewPasswordProps) {
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
            <Rule met={Array.from(props.value).length >= 8}>At least 8 characters</Rule>
            <Rule met={/\p{Lu}/u.test(props.value) && /\p{Ll}/u.test(props.value)}>
              Upper and lower case letters
            </Rule>
            <Rule met={/\p{Nd}/u.test(props.value)}>A digit</Rule>
          </ul>
          <p class="soft small">A server that goes by length asks for 15 characters of any kind instead.</p>
        </>
      }
    />
  );
}
