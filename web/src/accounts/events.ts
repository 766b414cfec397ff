import type { IconName } from "../design/Icon.jsx";
import { AuthEventSource, AuthEventType, type AuthEvent } from "../gen/duet/auth/v1/auth_service_pb.js";
import { deviceOf } from "./device.js";

type Shown = { text: string; icon: IconName; bad?: boolean };

const shown: Record<keyof typeof AuthEventType, Shown> = {
  UNSPECIFIED: { text: "Something that this page does not know", icon: "history" },
  SIGNED_UP: { text: "You made this account", icon: "user" },
  LOGIN_SUCCEEDED: { text: "You logged in", icon: "check" },
  LOGIN_FAILED: { text: "Somebody showed a wrong password", icon: "alert", bad: true },
  LOGGED_OUT: { text: "You logged out", icon: "logout" },
  REFRESH_REUSED: { text: "A stolen or copied session was ended", icon: "alert", bad: true },
  SESSION_REVOKED: { text: "Sessions were ended", icon: "devices" },
  PASSWORD_CHANGED: { text: "The password was changed", icon: "key" },
  USER_UPDATED: { text: "The profile was changed", icon: "edit" },
  USER_IMPORTED: { text: "The account was brought here", icon: "user" },
  USER_DISABLED: { text: "The account was disabled", icon: "alert", bad: true },
  USER_ENABLED: { text: "The account was enabled again", icon: "check" },
  USER_DELETED: { text: "The account was deleted", icon: "trash" },
  RATE_LIMITED: { text: "Too many attempts were refused", icon: "alert", bad: true },
  KEY_ROTATED: { text: "The server made a new signing key", icon: "key" },
  KEY_REVOKED: { text: "The server revoked a signing key", icon: "key" },
  IDENTITY_LINKED: { text: "You came here by another login", icon: "user" },
};

/** What an event is called, and whether it should give one pause. */
export function shownEvent(event: AuthEvent): Shown {
  const name = AuthEventType[event.type] as keyof typeof AuthEventType | undefined;
  return shown[name ?? "UNSPECIFIED"];
}

/** Who or what caused it, and how often. */
export function shownCause(event: AuthEvent): string {
  const often = event.count > 1n ? [`${event.count.toString()} times`] : [];
  if (event.source === AuthEventSource.SERVICE) return [...often, "the server itself"].join(" · ");
  if (event.source === AuthEventSource.COMMAND) return [...often, "an administrator"].join(" · ");
  return [...often, deviceOf(event.userAgent), event.ipAddress].filter(Boolean).join(" · ");
}
