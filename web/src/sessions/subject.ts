/**
 * The user's id in an access token. The token is not checked: it came from the server just now, and what is read here
 * decides nothing but which of the page's own memory may be kept.
 */
export function subjectOf(accessToken: string): string {
  const payload = accessToken.split(".")[1] ?? "";
  const bytes = Uint8Array.from(atob(payload.replace(/-/g, "+").replace(/_/g, "/")), (char) =>
    char.charCodeAt(0),
  );
  const { sub } = JSON.parse(new TextDecoder().decode(bytes)) as { sub?: unknown };
  if (typeof sub !== "string" || sub === "") throw new Error("the access token names nobody");
  return sub;
}
