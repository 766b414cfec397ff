import type { Location } from "@solidjs/router";
import type { Ending } from "../sessions/session.js";

const doors = ["/login", "/signup"];

/** Whether the address is one for people who are not signed in. */
export function isDoor(path: string): boolean {
  return doors.includes(path);
}

/** The login page's address, which remembers where somebody was going, unless they have just left on purpose. */
export function loginAddress(from: Location, ending: Ending | undefined): string {
  const wanted = `${from.pathname}${from.search}${from.hash}`;
  const left = ending !== undefined && ending !== "ended";
  return left || wanted === "/" ? "/login" : `/login?next=${encodeURIComponent(wanted)}`;
}

/** Where to go after a login: on this page, and not to where somebody else was going. */
export function addressAfterLogin(door: Location, stranger: boolean): string {
  const next = new URLSearchParams(door.search).get("next");
  return !stranger && next && /^\/(?![/\\])/.test(next) ? next : "/";
}
