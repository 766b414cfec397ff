import { toastFailure } from "../design/toast.jsx";
import type { Person } from "../sessions/person.js";
import { logOut } from "../sessions/session.js";
import { mayLose } from "../shell/leaving.js";

/** Logs out, or says that it did not come to that. */
export async function logOutOrSay(person: Person): Promise<void> {
  if (!(await mayLose())) return;
  try {
    await logOut(person);
  } catch (error) {
    const again = () => void logOutOrSay(person);
    toastFailure("You are not logged out.", error, again, "Try again before you leave.");
  }
}
