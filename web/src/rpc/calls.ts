import { create, type DescMessage, type DescMethodUnary, type MessageInitShape } from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import { repeated } from "./repeat.js";
import { underWay } from "./under-way.js";

type Request = { requestId?: string; validateOnly?: boolean };

/** What a person's calls need to know of the person. */
export interface Caller {
  /** Ends every call of this person, at once and for good. */
  readonly signal: AbortSignal;
  /** Makes the call as this person, and a second time if new tokens had to be fetched first. */
  asThem<T>(call: (authorization: string) => Promise<T>): Promise<T>;
}

/**
 * A person's calls. Those that only read, and those that carry a `request_id`, are repeated while the server cannot be
 * reached; any other is tried once. A mutation that takes a `request_id` and has none gets one, the same for every
 * attempt.
 */
export function callsOf(caller: Caller, transport: Transport): Transport {
  return {
    unary: (method, signal, timeoutMs, header, input, values) => {
      const message = withRequestId(method, input);
      const both = signal ? AbortSignal.any([signal, caller.signal]) : caller.signal;
      const attempt = () =>
        caller.asThem((authorization) => {
          const headers = new Headers(header);
          headers.set("authorization", authorization);
          return transport.unary(method, both, timeoutMs, headers, message, values);
        });
      const call = isRead(method) || (message as Request).requestId ? repeated(attempt, both) : attempt();
      return isRead(method) ? call : underWay(call, caller.signal);
    },
    stream: (method, signal, timeoutMs, header, input, values) => {
      const both = signal ? AbortSignal.any([signal, caller.signal]) : caller.signal;
      return caller.asThem((authorization) => {
        const headers = new Headers(header);
        headers.set("authorization", authorization);
        return transport.stream(method, both, timeoutMs, headers, input, values);
      });
    },
  };
}

function withRequestId<I extends DescMessage>(method: DescMethodUnary<I>, input: MessageInitShape<I>) {
  const given = input as Request;
  if (!method.input.field.requestId || given.requestId || given.validateOnly) return input;
  return create(method.input, { ...input, requestId: crypto.randomUUID() });
}

function isRead(method: DescMethodUnary): boolean {
  return /^(Get|List|Search|BatchGet)[A-Z]/.test(method.name);
}
