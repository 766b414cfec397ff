import { isRefusal } from "../errors/failure.js";
import type { Submission } from "../errors/submission.js";

/** What stands at a password's field whose owner is signed in already, so that only the password can be wrong. */
export function wrongPassword(submission: Submission): string[] {
  return isWrongPassword(submission) ? ["This is not your current password."] : [];
}

export function isWrongPassword(submission: Submission): boolean {
  return (
    submission.error() !== undefined && isRefusal(submission.error(), "auth.duet", "INVALID_CREDENTIALS")
  );
}
