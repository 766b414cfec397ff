import { useNavigate } from "@solidjs/router";
import { Icon } from "../design/Icon.jsx";
import { Menu } from "../design/Menu.jsx";
import { usePerson } from "../sessions/context.js";
import { offerCommands } from "../shell/commands.js";
import { prefer, preferences } from "../shell/preferences.js";
import { logOutOrSay } from "./logout.js";
import { initialOf, nameOf, useMe } from "./me.js";
import "./account-menu.css";

/** Who is signed in, and what they can do about it. */
export function AccountMenu() {
  const person = usePerson();
  const navigate = useNavigate();
  const me = useMe();
  const name = () => (me.isSuccess ? nameOf(me.data) : "");
  const isDark = () => {
    const { theme } = preferences();
    return theme === "dark" || (theme === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  };
  offerCommands(() => [
    { group: "Account", title: "Change the password", icon: "key", run: () => navigate("/account/password") },
    {
      group: "Account",
      title: "Look at your sessions",
      icon: "devices",
      run: () => navigate("/account/sessions"),
    },
    {
      group: "Account",
      title: "Read the security history",
      icon: "history",
      run: () => navigate("/account/history"),
    },
    { group: "Account", title: "Log out", icon: "logout", run: () => void logOutOrSay(person) },
  ]);
  return (
    <Menu
      label="Account"
      worded
      place="above"
      class="account-button"
      items={[
        { label: "Account", icon: "user", run: () => navigate("/account/profile") },
        { label: "Sessions", icon: "devices", run: () => navigate("/account/sessions") },
        {
          label: isDark() ? "Light theme" : "Dark theme",
          icon: isDark() ? "sun" : "moon",
          run: () => prefer({ theme: isDark() ? "light" : "dark" }),
        },
        { label: "Log out", icon: "logout", run: () => void logOutOrSay(person) },
      ]}
    >
      <span class="avatar" aria-hidden="true">
        {name() ? initialOf(name()) : <Icon name="user" />}
      </span>
      <span class="account-name">{name()}</span>
      <Icon name="dots" />
    </Menu>
  );
}
