import { Show, type JSX } from "solid-js";
import { Trouble } from "../design/pieces.jsx";
import type { Submission } from "../errors/submission.js";

/** Why a form was refused, unless that is said at its fields already. */
export function Refusal(props: {
  submission: Submission;
  fields: readonly string[];
  children?: JSX.Element;
}) {
  const shown = () => props.submission.error() !== undefined && !props.submission.onlyAbout(...props.fields);
  return (
    <Show when={shown()}>
      <Trouble error={props.submission.error()}>{props.children}</Trouble>
    </Show>
  );
}

/** What is on a form's button: what it does, or when it will do it again. */
export function submitWords(words: string, submission: Submission): string {
  return submission.wait() > 0 ? `Try again in ${submission.wait()} s` : words;
}
