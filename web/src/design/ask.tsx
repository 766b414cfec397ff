import { createSignal, Show } from "solid-js";
import { Button } from "./Button.jsx";
import { Dialog } from "./Dialog.jsx";

type Question = { title: string; text: string; yes: string; no?: string; danger?: boolean };
const [asked, setAsked] = createSignal<Question & { answer: (yes: boolean) => void }>();

/** Asks before something that cannot be taken back. */
export function ask(question: Question): Promise<boolean> {
  asked()?.answer(false);
  return new Promise((resolve) => {
    setAsked({
      ...question,
      answer: (yes) => {
        setAsked(undefined);
        resolve(yes);
      },
    });
  });
}

/** Where `ask` is seen; once in the page. */
export function Questions() {
  return (
    <Show when={asked()} keyed>
      {(question) => (
        <Dialog title={question.title} onClose={() => question.answer(false)}>
          <p class="soft">{question.text}</p>
          <div class="dialog-actions">
            <Button look="quiet" autofocus={question.danger ?? false} onClick={() => question.answer(false)}>
              {question.no ?? "Cancel"}
            </Button>
            <Button
              look={question.danger ? "danger" : "main"}
              autofocus
              onClick={() => question.answer(true)}
            >
              {question.yes}
            </Button>
          </div>
        </Dialog>
      )}
    </Show>
  );
}
