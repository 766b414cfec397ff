import { createSignal } from "solid-js";
import { toast } from "../design/toast.jsx";

/** How long something can be taken back, in milliseconds. */
const PATIENCE = 10_000;
const [last, setLast] = createSignal<() => void>();

/** Takes the last thing back; undefined when there is none. */
export { last as lastUndo };

/** Says what was done and offers to take it back, for ten seconds. Answers how to withdraw the offer. */
export function offerUndo(text: string, back: () => Promise<void>): () => void {
  const run = () => {
    withdraw();
    void back();
  };
  const close = toast({ text, action: { label: "Undo", run }, stay: PATIENCE });
  const withdraw = () => {
    close();
    setLast((now) => (now === run ? undefined : now));
  };
  setLast(() => run);
  setTimeout(withdraw, PATIENCE);
  return withdraw;
}
