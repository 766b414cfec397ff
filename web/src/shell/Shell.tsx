import { A, useLocation, useNavigate } from "@solidjs/router";
import { createEffect, createSignal, ErrorBoundary, on, Show, type JSX } from "solid-js";
import { AccountMenu } from "../accounts/AccountMenu.jsx";
import { Button, IconButton } from "../design/Button.jsx";
import { Dialog } from "../design/Dialog.jsx";
import { Icon, Mark } from "../design/Icon.jsx";
import { EmptyState } from "../design/pieces.jsx";
import { TasksNav } from "../tasks/TasksNav.jsx";
import { offerCommands } from "./commands.js";
import { openPalette } from "./Palette.jsx";
import { openShortcuts } from "./Shortcuts.jsx";
import { prefer } from "./preferences.js";

/** What is around every view of somebody who is signed in. */
export function Shell(props: { children: JSX.Element }) {
  const [drawer, setDrawer] = createSignal(false);
  const location = useLocation();
  const navigate = useNavigate();
  createEffect(
    on(
      () => location.pathname,
      () => {
        setDrawer(false);
        // Where the focus was is gone: the keyboard goes on at the new view.
        setTimeout(() => {
          if (document.activeElement === document.body) document.getElementById("main")?.focus();
        });
      },
      { defer: true },
    ),
  );

  offerCommands(() => [
    { group: "Page", title: "Do something…", keys: "mod+k", unlisted: true, run: openPalette },
    { group: "Page", title: "Show what the keys do", keys: "?", icon: "keyboard", run: openShortcuts },
    {
      group: "Go to",
      title: "Go to the account",
      keys: "g a",
      icon: "user",
      run: () => navigate("/account"),
    },
    { group: "Look", title: "Use the light theme", icon: "sun", run: () => prefer({ theme: "light" }) },
    { group: "Look", title: "Use the dark theme", icon: "moon", run: () => prefer({ theme: "dark" }) },
    {
      group: "Look",
      title: "Use the system's theme",
      icon: "monitor",
      run: () => prefer({ theme: "system" }),
    },
  ]);

  return (
    <div class="shell">
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="topbar">
        <IconButton icon="menu" label="Open the menu" onClick={() => setDrawer(true)} />
        <A href="/" class="brand">
          <Mark /> Duet
        </A>
        <IconButton icon="search" label="Do something…" onClick={openPalette} />
      </header>
      <aside class="sidebar sidebar-wide" aria-label="Sidebar">
        <SidebarContent />
      </aside>
      <Show when={drawer()}>
        <Dialog title="Menu" place="side" bare onClose={() => setDrawer(false)}>
          <div class="sidebar">
            <SidebarContent />
          </div>
        </Dialog>
      </Show>
      <main id="main" class="main" tabindex="-1">
        <ErrorBoundary fallback={(error: unknown) => <Broken error={error} />}>
          {/* Not in a Suspense: a query that is asked again would take the whole view away, and the focus with it. */}
          {props.children}
        </ErrorBoundary>
      </main>
    </div>
  );
}

/** A view that failed, or that a newer page has replaced on the server. */
function Broken(props: { error: unknown }) {
  console.error(props.error);
  return (
    <EmptyState icon="alert" title="This view does not work">
      <p>The page may have been renewed on the server. Reload it; what you saved is safe.</p>
      <Button look="main" onClick={() => location.reload()}>
        Reload
      </Button>
    </EmptyState>
  );
}

function SidebarContent() {
  return (
    <>
      <A href="/" class="brand">
        <Mark /> Duet
      </A>
      <button type="button" class="palette-open" onClick={openPalette}>
        <Icon name="search" />
        <span>Do something…</span>
        <kbd>Ctrl K</kbd>
      </button>
      <div class="sidebar-scroll">
        <TasksNav />
      </div>
      <AccountMenu />
    </>
  );
}
