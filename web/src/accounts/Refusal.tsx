import { Show, type JSX } from "solid-js";
import { Trouble } from "../design/pieces.jsx";
import type { Submission } from "../errors/submission.js";
import { mayHaveHappened } from "../errors/words.js";

type RefusalProps = {
  submission: Submission;
  /** Where violations are shown already. */
  fields: readonly string[];
  /** Whether the refusal as a whole is said elsewhere already. */
  said?: boolean;
  children?: JSX.Element;
};

/** Why a form was refused, unless that is said at its fields already. */
export function Refusal(props: RefusalProps) {
  const shown = () =>
    props.submission.error() !== undefined && !props.said && !props.submission.onlyAbout(...props.fields);
  return (
    <Show when={shown()}>
      <Trouble error={props.submission.error()}>{props.children}</Trouble>
    </Show>
  );
}

/** What is on a form's button: what it does, or that it does it once more, or when. */
export function submitWords(words: string, submission: Submission): string {
  if (submission.wait() > 0) return `Try again in ${submission.wait()} s`;
  return submission.error() !== undefined && mayHaveHappened(submission.error()) ? "Try again" : words;
}
