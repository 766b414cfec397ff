import { toastFailure } from "../design/toast.jsx";
import type { Person } from "../sessions/person.js";
import { logOut } from "../sessions/session.js";

/** Logs out, or says that it did not come to that. */
export function logOutOrSay(person: Person): void {
  logOut(person).catch((error: unknown) =>
    toastFailure("You are not logged out.", error, () => logOutOrSay(person), "Try again before you leave."),
  );
}
