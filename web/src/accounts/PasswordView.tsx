import { createSignal } from "solid-js";
import { Button } from "../design/Button.jsx";
import { PasswordField } from "../design/Field.jsx";
import { toast } from "../design/toast.jsx";
import { createSubmission } from "../errors/submission.js";
import { usePerson } from "../sessions/context.js";
import { guardUnsaved } from "../shell/leaving.js";
import { Title } from "../shell/Title.jsx";
import { NewPassword } from "./NewPassword.jsx";
import { Refusal, submitWords } from "./Refusal.jsx";
import { Username } from "./Username.jsx";
import { isWrongPassword, wrongPassword } from "./wrong-password.js";

export default function PasswordView() {
  const person = usePerson();
  const [current, setCurrent] = createSignal("");
  const [next, setNext] = createSignal("");
  const [others, setOthers] = createSignal(true);
  const empty = () => {
    setCurrent("");
    setNext("");
  };
  const change = createSubmission(async () => {
    const revokeOtherSessions = others();
    await person.account.changePassword({
      currentPassword: current(),
      newPassword: next(),
      revokeOtherSessions,
    });
    empty();
    toast({
      text: `Your password is changed.${revokeOtherSessions ? " All other sessions are ended." : ""}`,
    });
  });
  guardUnsaved(() => current() !== "" || next() !== "", empty);
  return (
    <form class="card" method="post" onSubmit={change.onSubmit}>
      <Title>Password</Title>
      <h2>Change the password</h2>
      <Username />
      <div class="door-form card-form">
        <PasswordField
          label="Current password"
          name="current-password"
          autocomplete="current-password"
          required
          value={current()}
          onInput={setCurrent}
          errors={[...wrongPassword(change), ...change.violations("current_password")]}
        />
        <NewPassword
          label="New password"
          name="new-password"
          value={next()}
          onInput={setNext}
          errors={change.violations("new_password")}
        />
        <label class="check">
          <input
            type="checkbox"
            checked={others()}
            onChange={(event) => setOthers(event.currentTarget.checked)}
          />
          End my sessions on all other devices
        </label>
      </div>
      <Refusal
        submission={change}
        fields={["current_password", "new_password"]}
        said={isWrongPassword(change)}
      />
      <div class="form-actions">
        <Button look="main" type="submit" busy={change.busy()} disabled={change.wait() > 0}>
          {submitWords("Change the password", change)}
        </Button>
      </div>
    </form>
  );
}
