import { Code, ConnectError } from "@connectrpc/connect";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  PreconditionFailureSchema,
  QuotaFailureSchema,
  RequestInfoSchema,
  RetryInfoSchema,
} from "../gen/google/rpc/error_details_pb.js";

/** One field of a request that broke a rule, as the server names it (`user.display_name`). */
export type Violation = { field: string; description: string };

/** What a refused call carries, read once from the details of its gRPC status. */
export type Failure = {
  code: Code;
  /** `auth.duet`, `task.duet`, `edge.duet` or `page.duet`; empty where no answer came that Duet made. */
  domain: string;
  /** A name of the domain's ErrorReason; empty where the domain is. */
  reason: string;
  metadata: Record<string, string>;
  violations: Violation[];
  /** Milliseconds after which the same call may be let in. */
  retryAfter: number | undefined;
  /** Finds the call in the services' logs. */
  requestId: string | undefined;
};

/** Reads whatever was thrown by a call. */
export function failureOf(thrown: unknown): Failure {
  const error = ConnectError.from(thrown);
  const info = error.findDetails(ErrorInfoSchema)[0];
  const delay = error.findDetails(RetryInfoSchema)[0]?.retryDelay;
  return {
    code: wasCutOff(error, info !== undefined) ? Code.Unavailable : error.code,
    domain: info?.domain ?? "",
    reason: info?.reason ?? "",
    metadata: info?.metadata ?? {},
    violations: violationsOf(error),
    retryAfter: delay && Number(delay.seconds) * 1000 + Math.ceil(delay.nanos / 1e6),
    requestId:
      error.findDetails(RequestInfoSchema)[0]?.requestId ?? error.metadata.get("x-request-id") ?? undefined,
  };
}

/** Whether a call was refused for this reason of this domain. */
export function isRefusal(thrown: unknown, domain: string, ...reasons: string[]): boolean {
  const { domain: found, reason } = failureOf(thrown);
  return found === domain && reasons.includes(reason);
}

/** Whether the call was given up on this side: its view is gone, or its person. */
export function isCancelled(thrown: unknown): boolean {
  return ConnectError.from(thrown).code === Code.Canceled;
}

/** fetch knows no status for a connection that fails or breaks off in the middle: connect answers UNKNOWN then. */
function wasCutOff(error: ConnectError, answered: boolean): boolean {
  return error.code === Code.Unknown && !answered;
}

function violationsOf(error: ConnectError): Violation[] {
  return [
    ...error.findDetails(BadRequestSchema).flatMap((bad) => bad.fieldViolations),
    ...error
      .findDetails(PreconditionFailureSchema)
      .flatMap((failed) =>
        failed.violations.map(({ subject, description }) => ({ field: subject, description })),
      ),
    ...error
      .findDetails(QuotaFailureSchema)
      .flatMap((failed) =>
        failed.violations.map(({ subject, description }) => ({ field: subject, description })),
      ),
  ].map(({ field, description }) => ({ field, description }));
}
