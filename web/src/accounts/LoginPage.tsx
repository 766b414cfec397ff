import { A, useLocation } from "@solidjs/router";
import { createSignal, Match, Show, Switch } from "solid-js";
import { Button } from "../design/Button.jsx";
import { Field, PasswordField } from "../design/Field.jsx";
import { Notice } from "../design/pieces.jsx";
import { createSubmission } from "../errors/submission.js";
import { logIn, session, type Ending } from "../sessions/session.js";
import { Door } from "./Door.jsx";
import { Refusal, submitWords } from "./Refusal.jsx";

export function LoginPage() {
  const location = useLocation();
  const [email, setEmail] = createSignal("");
  const [password, setPassword] = createSignal("");
  const login = createSubmission(() => logIn(email(), password()));
  return (
    <Door title="Log in">
      <Farewell />
      <form class="door-form" method="post" onSubmit={login.onSubmit}>
        <Field
          label="E-mail address"
          name="email"
          type="email"
          inputmode="email"
          autocomplete="username"
          autofocus
          required
          value={email()}
          onInput={setEmail}
          errors={login.violations("email")}
        />
        <PasswordField
          label="Password"
          name="password"
          autocomplete="current-password"
          required
          value={password()}
          onInput={setPassword}
          errors={login.violations("password")}
        />
        <Refusal submission={login} fields={["email", "password"]} />
        <Button look="main" type="submit" busy={login.busy()} disabled={login.wait() > 0}>
          {submitWords("Log in", login)}
        </Button>
      </form>
      <p class="soft">
        New here? <A href={`/signup${location.search}`}>Make an account</A>
      </p>
    </Door>
  );
}

/** Why the person is not signed in any more, if that needs to be said. */
function Farewell() {
  const ending = (): Ending | undefined => {
    const now = session();
    return now.at === "signed-out" ? now.ending : undefined;
  };
  return (
    <Show when={ending()}>
      <Switch>
        <Match when={ending() === "ended"}>
          <Notice tone="warm">
            <p>
              <strong>Your session was ended.</strong> Perhaps you logged out on another device, or changed
              your password. Log in again: what you were typing is kept.
            </p>
          </Notice>
        </Match>
        <Match when={ending() === "logged-out"}>
          <Notice>
            <p>You are logged out.</p>
          </Notice>
        </Match>
        <Match when={ending() === "deleted"}>
          <Notice>
            <p>Your account is deleted, and everything in it.</p>
          </Notice>
        </Match>
        <Match when={ending() === "logged-out-elsewhere"}>
          <Notice>
            <p>You logged out in another tab.</p>
          </Notice>
        </Match>
      </Switch>
    </Show>
  );
}
