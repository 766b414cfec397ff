import { A, useLocation } from "@solidjs/router";
import { createSignal, Show } from "solid-js";
import { Button } from "../design/Button.jsx";
import { Field } from "../design/Field.jsx";
import { failureOf } from "../errors/failure.js";
import { createSubmission } from "../errors/submission.js";
import { signUp } from "../sessions/session.js";
import { Door } from "./Door.jsx";
import { NewPassword } from "./NewPassword.jsx";
import { Refusal, submitWords } from "./Refusal.jsx";

export default function SignUpPage() {
  const location = useLocation();
  const [name, setName] = createSignal("");
  const [email, setEmail] = createSignal("");
  const [password, setPassword] = createSignal("");
  const submission = createSubmission(() => signUp(email(), password(), name()));
  return (
    <Door title="Make an account">
      <form class="door-form" method="post" onSubmit={submission.onSubmit}>
        <Field
          label="Name"
          name="name"
          autocomplete="name"
          maxlength="100"
          autofocus
          value={name()}
          onInput={setName}
          hint="What the page calls you. May be empty."
          errors={submission.violations("display_name")}
        />
        <Field
          label="E-mail address"
          name="email"
          type="email"
          inputmode="email"
          autocomplete="username"
          required
          value={email()}
          onInput={setEmail}
          errors={submission.violations("email")}
        />
        <NewPassword
          label="Password"
          name="password"
          value={password()}
          onInput={setPassword}
          errors={submission.violations("password")}
        />
        <Refusal submission={submission} fields={["display_name", "email", "password"]}>
          <Show when={failureOf(submission.error()).reason === "EMAIL_TAKEN"}>
            <A href={`/login${location.search}`}>Log in instead</A>
          </Show>
        </Refusal>
        <Button look="main" type="submit" busy={submission.busy()} disabled={submission.wait() > 0}>
          {submitWords("Make the account", submission)}
        </Button>
      </form>
      <p class="soft">
        Been here before? <A href={`/login${location.search}`}>Log in</A>
      </p>
    </Door>
  );
}
