import { Code, ConnectError } from "@connectrpc/connect";
import { failureOf } from "../errors/failure.js";
import { waitForServer } from "./outage.js";

/** For how long at most a call is repeated, in milliseconds; a `request_id` lives for 24 h. */
const GIVE_UP_AFTER = 10 * 60_000;
/** How far apart attempts are at least and at most, in milliseconds, where RetryInfo does not ask for more. */
const FIRST_DELAY = 500;
const LONGEST_DELAY = 20_000;

/**
 * Repeats what may be repeated: after UNAVAILABLE, after a deadline, and after a refusal that names a delay. Throws what
 * cannot be mended so, and what has not been mended in ten minutes.
 */
export async function repeated<T>(attempt: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  const began = Date.now();
  for (let tries = 0; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      const delay = delayAfter(error, tries);
      if (delay === undefined || signal?.aborted || Date.now() + delay - began > GIVE_UP_AFTER) throw error;
      await waitForServer(delay, signal).catch((reason: unknown) => {
        throw new ConnectError(String(reason), Code.Canceled);
      });
    }
  }
}

function delayAfter(error: unknown, tries: number): number | undefined {
  const { code, retryAfter } = failureOf(error);
  const mendable =
    code === Code.Unavailable ||
    code === Code.DeadlineExceeded ||
    (code === Code.ResourceExhausted && retryAfter !== undefined);
  if (!mendable) return undefined;
  const grown = Math.min(FIRST_DELAY * 2 ** tries, LONGEST_DELAY);
  // Many tabs that lost the server together do not come back together.
  return Math.max(retryAfter ?? 0, grown) * (1 + Math.random() / 4);
}
