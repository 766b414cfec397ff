import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema } from "../gen/google/rpc/error_details_pb.js";

/** How long a tab waits for its turn, in milliseconds. */
const LONGEST_WAIT = 10_000;

/**
 * Runs what sets, reads or clears the refresh token's cookie: one at a time in all tabs. Throws TAB_BUSY if no turn
 * comes.
 */
export async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), LONGEST_WAIT);
  try {
    return await navigator.locks.request("duet-session", { signal: patience.signal }, () => {
      clearTimeout(timer);
      return work();
    });
  } catch (error) {
    if (!patience.signal.aborted) throw error;
    throw new ConnectError("another tab takes too long", Code.Unavailable, undefined, [
      { desc: ErrorInfoSchema, value: { domain: "page.duet", reason: "TAB_BUSY" } },
    ]);
  } finally {
    clearTimeout(timer);
  }
}
