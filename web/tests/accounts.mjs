// Signing up, logging in and everything under /account: by the mouse, and again by the keyboard alone.

import { accountButton, assert, byBoth, eventually, Mouse, origin, perform } from "./stage.mjs";
import { withinReach } from "./tokens.mjs";

const another = "Vt7wRz5nKb";

async function goTo(page, Hand, name) {
  const hand = new Hand(page);
  await hand.press(accountButton(page));
  await hand.press(page.getByRole("menuitem", { name: "Account", exact: true }));
  await hand.press(page.getByRole("navigation", { name: "Account" }).getByRole("link", { name }));
  await page.getByRole("heading", { level: 2 }).first().waitFor();
}

const scenes = {
  "the rules of a password are shown as they are met, and what the server says at its field": async (
    stage,
    Hand,
  ) => {
    const visitor = await stage.visitor();
    const page = await visitor.open("/signup");
    const hand = new Hand(page);
    const rules = page.getByRole("list", { name: "A good password has" }).getByRole("listitem");
    const met = () => rules.evaluateAll((all) => all.map((rule) => rule.textContent.startsWith("met")));
    await hand.type(page.getByLabel("E-mail address"), visitor.email);
    await hand.type(page.getByLabel("Password", { exact: true }), "abc");
    assert.deepEqual(await met(), [false, false, false]);
    await hand.type(page.getByLabel("Password", { exact: true }), "abcdefgh");
    assert.deepEqual(await met(), [true, false, false]);
    await hand.press(page.getByRole("button", { name: "Make the account" }));
    await page.getByText("Must contain a digit.").waitFor();
    assert.equal(await page.getByLabel("Password", { exact: true }).getAttribute("aria-invalid"), "true");
    await hand.type(page.getByLabel("Password", { exact: true }), "Password1");
    assert.deepEqual(await met(), [true, true, true]);
    await hand.press(page.getByRole("button", { name: "Make the account" }));
    await page.getByText(/common/).waitFor();
    await hand.type(page.getByLabel("Password", { exact: true }), visitor.password);
    await hand.press(page.getByRole("button", { name: "Show password" }));
    assert.equal(await page.getByLabel("Password", { exact: true }).getAttribute("type"), "text");
    await hand.press(page.getByRole("button", { name: "Make the account" }));
    await visitor.isSignedIn(page);
  },

  "an address that is taken is refused, a wrong password says nothing more": async (stage, Hand) => {
    const visitor = await stage.visitor();
    const page = await visitor.signUp(Hand);
    await visitor.logOut(page, Hand);
    await visitor.isSignedOut(page);
    await visitor.logIn(page, Hand, "Wrong-passw0rd");
    await page.getByText("E-mail address and password do not match.").waitFor();
    await visitor.logIn(page, Hand);
    await visitor.isSignedIn(page);
    assert.equal(new URL(page.url()).pathname, "/");
  },

  "password managers find what they look for": async (stage, Hand) => {
    const visitor = await stage.visitor();
    const page = await visitor.open("/login");
    await visitor.isSignedOut(page);
    const kinds = (form) =>
      form.locator("input").evaluateAll((all) => all.map((input) => input.autocomplete));
    assert.deepEqual(await kinds(page.locator("form")), ["username", "current-password"]);
    await new Hand(page).press(page.getByRole("link", { name: "Make an account" }));
    await page.getByRole("button", { name: "Make the account" }).waitFor();
    assert.deepEqual(await kinds(page.locator("form")), ["name", "username", "new-password"]);
  },

  "a name is changed, and leaving before it is saved asks": async (stage, Hand) => {
    const visitor = await stage.visitor();
    const page = await visitor.signUp(Hand);
    const hand = new Hand(page);
    await goTo(page, Hand, "Profile");
    await hand.type(page.getByLabel("What the page calls you"), "Ada <b>Lovelace</b>");
    await hand.press(
      page.getByRole("navigation", { name: "Account" }).getByRole("link", { name: "Sessions" }),
    );
    await hand.press(page.getByRole("button", { name: "Stay" }));
    assert.equal(new URL(page.url()).pathname, "/account/profile");
    await hand.press(page.getByRole("button", { name: "Save" }));
    await page.getByText("Your name is saved.").waitFor();
    await page.reload();
    await eventually("the name that was typed", async () => {
      return (await page.getByLabel("What the page calls you").inputValue()) === "Ada <b>Lovelace</b>";
    });
    await accountButton(page).getByText("Ada <b>Lovelace</b>").waitFor();
  },

  "a changed password ends the other sessions": async (stage, Hand) => {
    const visitor = await stage.visitor();
    const page = await visitor.signUp(Hand);
    const elsewhere = await stage.visitor();
    elsewhere.email = visitor.email;
    const other = await elsewhere.open("/login");
    await elsewhere.logIn(other);
    await elsewhere.isSignedIn(other);
    await goTo(page, Hand, "Password");
    const hand = new Hand(page);
    await hand.type(page.getByLabel("Current password"), "Wrong-passw0rd");
    await hand.type(page.getByLabel("New password"), another);
    await hand.press(page.getByRole("button", { name: "Change the password" }));
    await page.getByText("This is not your current password.").waitFor();
    await hand.type(page.getByLabel("Current password"), visitor.password);
    await hand.press(page.getByRole("button", { name: "Change the password" }));
    await page.getByText("Your password is changed.").waitFor();
    await other.reload();
    await elsewhere.isSignedOut(other);
    await elsewhere.logIn(other, Mouse, another);
    await elsewhere.isSignedIn(other);
  },

  "sessions are listed, and one that is ended is out": async (stage, Hand) => {
    const visitor = await stage.visitor();
    const page = await visitor.signUp(Hand);
    const elsewhere = await stage.visitor();
    elsewhere.email = visitor.email;
    const other = await elsewhere.open("/account/sessions");
    await elsewhere.logIn(other);
    await other.getByText("This device").waitFor();
    assert.equal(new URL(other.url()).pathname, "/account/sessions", "where they were going");
    await goTo(page, Hand, "Sessions");
    const rows = page.getByRole("main").getByText(/Last seen/);
    await eventually("both sessions", async () => (await rows.count()) === 2);
    await new Hand(page).press(page.getByRole("button", { name: "End", exact: true }));
    await page.getByText("The session is ended.").waitFor();
    await other.bringToFront();
    await new Mouse(other).press(other.getByRole("link", { name: "History" }));
    await elsewhere.isSignedOut(other);
    await other.getByText("Your session was ended.").waitFor();
    await elsewhere.logIn(other);
    await other.getByRole("heading", { name: "What happened to your account" }).waitFor();
  },

  "the history tells what happened": async (stage, Hand) => {
    const visitor = await stage.visitor();
    const page = await visitor.signUp(Hand);
    await visitor.logOut(page, Hand);
    await visitor.isSignedOut(page);
    await visitor.logIn(page, Hand, "Wrong-passw0rd");
    await page.getByText("E-mail address and password do not match.").waitFor();
    await visitor.logIn(page, Hand);
    await visitor.isSignedIn(page);
    await goTo(page, Hand, "History");
    for (const text of [
      "You made this account",
      "You logged out",
      "Somebody showed a wrong password",
      "You logged in",
    ]) {
      await page.getByText(text).waitFor();
    }
    await page.goBack();
    await page.goForward();
    await page.getByText("You made this account").waitFor();
  },

  "a deleted account is gone, and so is its cookie": async (stage, Hand) => {
    const visitor = await stage.visitor();
    const page = await visitor.signUp(Hand);
    await goTo(page, Hand, "Delete");
    const hand = new Hand(page);
    await hand.type(page.getByLabel("Password", { exact: true }), visitor.password);
    await hand.press(page.getByRole("button", { name: "Delete the account" }));
    await hand.press(page.getByRole("button", { name: "Delete everything" }));
    await page.getByText("Your account is deleted").waitFor();
    assert.deepEqual(await visitor.context.cookies(origin), []);
    await visitor.logIn(page, Hand);
    await page.getByText("E-mail address and password do not match.").waitFor();
  },

  "a deep link survives the login": async (stage, Hand) => {
    const visitor = await stage.visitor();
    await (await visitor.signUp(Hand)).close();
    await visitor.context.clearCookies();
    const page = await visitor.open("/account/history");
    await visitor.isSignedOut(page);
    await visitor.logIn(page, Hand);
    await page.getByText("You made this account").waitFor();
    assert.equal(new URL(page.url()).pathname, "/account/history");
  },

  "no token is within a script's reach, and one that were would be found": async (stage, Hand) => {
    const visitor = await stage.visitor();
    const page = await visitor.signUp(Hand);
    await page.reload();
    await visitor.isSignedIn(page);
    await goTo(page, Hand, "Profile");
    const tokens = await visitor.tokens.all();
    const cookies = await visitor.context.cookies(origin);
    assert.equal(cookies.length, 1);
    const [{ name, value, httpOnly, secure, sameSite, path }] = cookies;
    assert.deepEqual(
      [name, httpOnly, secure, sameSite, path],
      ["__Host-duet-refresh", true, true, "Strict", "/"],
    );
    assert.ok(
      tokens.includes(value) && tokens.filter((token) => token.startsWith("eyJ")).length >= 2,
      tokens.length,
    );
    assert.deepEqual(await withinReach(page, tokens), []);
    for (const put of [
      (token) => localStorage.setItem("found", token),
      (token) => sessionStorage.setItem("found", token),
      (token) => (document.cookie = `found=${token}`),
      (token) => history.replaceState({ token }, ""),
      (token) => (document.body.dataset.found = token),
      (token) => (window.name = token),
      (token) => caches.open("found").then((cache) => cache.put("/found", new Response(token))),
      (token) =>
        new Promise((resolve) => {
          const opening = indexedDB.open("found");
          opening.onupgradeneeded = () => opening.result.createObjectStore("found").put(token, "found");
          opening.onsuccess = () => resolve(opening.result.close());
        }),
    ]) {
      const elsewhere = await visitor.open("/");
      await elsewhere.evaluate(put, tokens[0]);
      assert.deepEqual(await withinReach(elsewhere, tokens), [tokens[0]], String(put));
      await assert.rejects(stage.assertNoTokenWithinReach(), /within a script's reach/);
      await elsewhere.evaluate(async () => {
        localStorage.clear();
        sessionStorage.clear();
        document.cookie = "found=; max-age=0";
        await caches.delete("found");
        indexedDB.deleteDatabase("found");
      });
      await elsewhere.close();
    }
  },
};

await perform(byBoth(scenes));
