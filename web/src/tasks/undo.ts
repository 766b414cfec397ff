import { toast, toasts, type Toast } from "../design/toast.jsx";

const offers = new WeakSet<Toast>();

/** Takes the last thing back whose message is still there; undefined when there is none. */
export function lastUndo(): (() => void) | undefined {
  return toasts().findLast((said) => offers.has(said))?.action?.run;
}

/** Says what was done and offers to take it back, as long as the message is there. Answers how to withdraw the offer. */
export function offerUndo(text: string, back: () => Promise<void>): () => void {
  const run = () => {
    withdraw();
    void back();
  };
  const said = { text, action: { label: "Undo", run } };
  offers.add(said);
  const withdraw = toast(said);
  return withdraw;
}
