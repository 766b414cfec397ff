import { createEffect, createSignal, on, onCleanup, Show } from "solid-js";
import { Button } from "../design/Button.jsx";
import { outage, tryNow } from "../rpc/outage.js";

/** Says quietly that calls wait for the server, and until when. */
export function OutageBanner() {
  const [now, setNow] = createSignal(Date.now());
  createEffect(
    on(
      () => outage().calls > 0,
      (waiting) => {
        if (!waiting) return;
        const timer = setInterval(() => setNow(Date.now()), 500);
        onCleanup(() => clearInterval(timer));
      },
    ),
  );
  const seconds = () => Math.max(0, Math.ceil((outage().next - now()) / 1_000));
  return (
    <div role="status">
      <Show when={outage().calls > 0}>
        <div class="outage">
          <span class="spinner" aria-hidden="true" />
          <p>
            The server cannot be reached. <span aria-hidden="true">{retrying(seconds())}</span>
          </p>
          <Button look="quiet" onClick={tryNow}>
            Try now
          </Button>
        </div>
      </Show>
    </div>
  );
}

function retrying(seconds: number): string {
  return seconds > 0 ? `Trying again in ${seconds} s.` : "Trying again…";
}
