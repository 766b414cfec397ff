import { ConnectError, Code, type Interceptor, type Transport } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";

/** How long one attempt of a call may take, in milliseconds, unless the call says otherwise. */
const DEADLINE = 15_000;

/** Calls of this page's own origin over gRPC-web, each within a deadline and with a trace of its own. */
export function createTransport(credentials: "same-origin" | "omit"): Transport {
  return createGrpcWebTransport({
    baseUrl: location.origin,
    defaultTimeoutMs: DEADLINE,
    interceptors: [traced],
    fetch: async (input, init) => {
      try {
        return await fetch(input, { ...init, credentials, cache: "no-store", referrerPolicy: "no-referrer" });
      } catch (error) {
        // No connection, or one that broke: fetch tells no more than that.
        throw error instanceof TypeError ? new ConnectError(error.message, Code.Unavailable) : error;
      }
    },
  });
}

/** Begins a trace (W3C) for each attempt, and names it in the services' logs. */
const traced: Interceptor = (next) => (request) => {
  request.header.set("traceparent", `00-${randomHex(16)}-${randomHex(8)}-01`);
  request.header.set("x-request-id", crypto.randomUUID());
  return next(request);
};

function randomHex(bytes: number): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}
