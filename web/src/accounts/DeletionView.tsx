import { createSignal } from "solid-js";
import { ask } from "../design/ask.jsx";
import { Button } from "../design/Button.jsx";
import { PasswordField } from "../design/Field.jsx";
import { createSubmission } from "../errors/submission.js";
import { repeated } from "../rpc/repeat.js";
import { usePerson } from "../sessions/context.js";
import { logOut } from "../sessions/session.js";
import { Title } from "../shell/Title.jsx";
import { Refusal, submitWords } from "./Refusal.jsx";
import { Username } from "./Username.jsx";
import { isWrongPassword, wrongPassword } from "./wrong-password.js";

export default function DeletionView() {
  const person = usePerson();
  const [password, setPassword] = createSignal("");
  const deletion = createSubmission(async () => {
    const yes = await ask({
      title: "Delete the account for good?",
      text: "Your tasks and lists go with it. Nobody can bring them back.",
      yes: "Delete everything",
      no: "Keep it",
      danger: true,
    });
    if (!yes) return;
    await person.account.deleteMe({ password: password() });
    // The session has ended already; this takes the cookie away, and may be said as often as it takes.
    await repeated(() => logOut(person, "deleted"));
  });
  return (
    <form class="card" method="post" onSubmit={deletion.onSubmit}>
      <Title>Delete the account</Title>
      <h2>Delete the account</h2>
      <p class="soft">
        Every session ends at once, and your account, your tasks and your lists are deleted for good. Show
        your password to say that it is you.
      </p>
      <Username />
      <PasswordField
        class="card-form"
        label="Password"
        name="current-password"
        autocomplete="current-password"
        required
        value={password()}
        onInput={setPassword}
        errors={[...wrongPassword(deletion), ...deletion.violations("password")]}
      />
      <Refusal submission={deletion} fields={["password"]} said={isWrongPassword(deletion)} />
      <div class="form-actions">
        <Button look="danger" type="submit" busy={deletion.busy()} disabled={deletion.wait() > 0}>
          {submitWords("Delete the account", deletion)}
        </Button>
      </div>
    </form>
  );
}
