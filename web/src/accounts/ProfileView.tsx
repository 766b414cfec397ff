import { useQueryClient } from "@tanstack/solid-query";
import { Match, Show, Switch } from "solid-js";
import { Button } from "../design/Button.jsx";
import { Field } from "../design/Field.jsx";
import { Skeleton, Trouble } from "../design/pieces.jsx";
import { shownDay, shownTime } from "../design/time.js";
import { toast } from "../design/toast.jsx";
import { createSubmission } from "../errors/submission.js";
import type { User } from "../gen/duet/auth/v1/auth_service_pb.js";
import { usePerson } from "../sessions/context.js";
import { createDraft } from "../sessions/draft.js";
import { guardUnsaved } from "../shell/leaving.js";
import { Title } from "../shell/Title.jsx";
import { meKey, useMe } from "./me.js";
import { Refusal, submitWords } from "./Refusal.jsx";

export default function ProfileView() {
  const me = useMe();
  return (
    <>
      <Title>Profile</Title>
      <Switch>
        <Match when={me.isPending}>
          <Skeleton lines={4} />
        </Match>
        <Match when={me.isError}>
          <Trouble error={me.error} again={() => void me.refetch()} />
        </Match>
        <Match when={me.isSuccess && me.data}>{(user) => <Profile user={user()} />}</Match>
      </Switch>
    </>
  );
}

function Profile(props: { user: User }) {
  const person = usePerson();
  const queries = useQueryClient();
  // Empty until something is typed: what is not being edited follows the server.
  const [draft, setDraft, forgetDraft] = createDraft<{ name?: string }>("profile", {});
  const name = () => draft().name ?? props.user.displayName;
  const changed = () => name() !== props.user.displayName;
  const saving = createSubmission(async () => {
    const user = { displayName: name() };
    const saved = await person.account.updateMe({ user, updateMask: { paths: ["display_name"] } });
    queries.setQueryData(meKey, saved.user ?? null);
    forgetDraft();
    toast({ text: "Your name is saved." });
  });
  const discard = () => {
    forgetDraft();
    saving.clear();
  };
  guardUnsaved(changed, forgetDraft);
  return (
    <>
      <form class="card" onSubmit={saving.onSubmit}>
        <h2>Name</h2>
        <Field
          class="card-form"
          label="What the page calls you"
          name="name"
          autocomplete="name"
          maxlength="100"
          value={name()}
          onInput={(typed) => setDraft({ name: typed })}
          errors={saving.violations("display_name")}
        />
        <Refusal submission={saving} fields={["display_name"]} />
        <div class="form-actions">
          <Button look="main" type="submit" busy={saving.busy()} disabled={!changed()}>
            {submitWords("Save", saving)}
          </Button>
          <Show when={changed()}>
            <Button look="quiet" onClick={discard}>
              Discard
            </Button>
          </Show>
        </div>
      </form>
      <section class="card">
        <h2>About this account</h2>
        <dl class="facts">
          <dt>E-mail address</dt>
          <dd>{props.user.email}</dd>
          <dt>Here since</dt>
          <dd>{shownDay(props.user.createTime)}</dd>
          <dt>Last login</dt>
          <dd>{shownTime(props.user.lastLoginTime)}</dd>
        </dl>
      </section>
    </>
  );
}
