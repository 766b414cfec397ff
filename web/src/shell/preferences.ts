import { createEffect, createRoot, createSignal } from "solid-js";

export type Theme = "system" | "light" | "dark";
type Preferences = { theme: Theme; singleKeys: boolean };

const KEY = "duet-preferences";
const standard: Preferences = { theme: "system", singleKeys: true };
const [preferences, setPreferences] = createSignal(read());

/** How this browser's page looks and listens; nothing of a person's, so that it stays when people change. */
export { preferences };

export function prefer(change: Partial<Preferences>): void {
  setPreferences((before) => ({ ...before, ...change }));
  try {
    // eslint-disable-next-line no-restricted-globals -- the one thing that is kept, and it is nobody's in particular
    localStorage.setItem(KEY, JSON.stringify(preferences()));
  } catch {
    // A browser that keeps nothing: it holds until the page is closed.
  }
}

createRoot(() =>
  createEffect(() => {
    const { theme } = preferences();
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }),
);

function read(): Preferences {
  try {
    // eslint-disable-next-line no-restricted-globals -- as above
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Preferences>;
    const theme = kept.theme === "light" || kept.theme === "dark" ? kept.theme : "system";
    return { theme, singleKeys: kept.singleKeys !== false };
  } catch {
    return standard;
  }
}
