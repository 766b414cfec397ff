import { A } from "@solidjs/router";
import { For, type JSX } from "solid-js";
import { Icon, type IconName } from "../design/Icon.jsx";
import "./account.css";

const views: [href: string, icon: IconName, name: string][] = [
  ["/account/profile", "user", "Profile"],
  ["/account/password", "key", "Password"],
  ["/account/sessions", "devices", "Sessions"],
  ["/account/history", "history", "History"],
  ["/account/delete", "trash", "Delete"],
];

/** What the views of the account have around them. */
export default function AccountPage(props: { children?: JSX.Element }) {
  return (
    <div class="page account">
      <h1>Account</h1>
      <nav class="tabs" aria-label="Account">
        <For each={views}>
          {([href, icon, name]) => (
            <A href={href} class="tab">
              <Icon name={icon} />
              {name}
            </A>
          )}
        </For>
      </nav>
      {props.children}
    </div>
  );
}
