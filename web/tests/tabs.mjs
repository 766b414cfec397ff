// Several tabs of one browser, sessions that end elsewhere, and tokens that run out.

import { accountButton, assert, eventually, Mouse, origin, perform, recordCalls } from "./stage.mjs";

const rounds = Number(process.env.DUET_PAGE_RELOADS ?? 5);

/** The person whom the pages of a context are about, by what their calls are authorized with. */
function recordSubjects(context) {
  const seen = [];
  context.on("request", (request) => {
    const [, payload] = request.headers()["authorization"]?.split(".") ?? [];
    if (payload) seen.push(JSON.parse(Buffer.from(payload, "base64url").toString()).sub);
  });
  return seen;
}

await perform({
  "eight tabs reloaded at once never sign anybody out": async (stage) => {
    const visitor = await stage.visitor();
    const tabs = [await visitor.signUp()];
    while (tabs.length < 8) tabs.push(await visitor.open());
    for (let round = 0; round < rounds; round++) {
      await Promise.all(tabs.map((tab) => tab.reload()));
      for (const tab of tabs) await visitor.isSignedIn(tab);
    }
  },

  "logging out and in reaches every tab": async (stage) => {
    const visitor = await stage.visitor();
    const first = await visitor.signUp();
    const second = await visitor.open("/account/sessions");
    await second.getByText("This device").waitFor();
    await visitor.logOut(first);
    await visitor.isSignedOut(first);
    await visitor.isSignedOut(second);
    assert.deepEqual(await visitor.context.cookies(origin), []);
    await visitor.logIn(second);
    await visitor.isSignedIn(second);
    await visitor.isSignedIn(first);
  },

  "nothing of one person is sent as another who is signed in meanwhile": async (stage) => {
    const ada = await stage.visitor();
    const tab = await ada.signUp();
    await tab.goto(`${origin}/account/profile`);
    await new Mouse(tab).type(tab.getByLabel("What the page calls you"), "half a na");
    const bob = await stage.visitor();
    await (await bob.signUp()).close();
    const subjects = recordSubjects(ada.context);
    // As if Bob had signed in where this tab hears nothing of it; and Ada's access token runs out.
    await ada.context.clearCookies();
    await ada.context.addCookies(await bob.context.cookies(origin));
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    await new Mouse(tab).press(tab.getByRole("button", { name: "Save" }));
    await eventually("the tab starts afresh", async () => new URL(tab.url()).pathname === "/");
    await ada.isSignedIn(tab);
    await tab.goto(`${origin}/account/profile`);
    await tab.getByText(bob.email).waitFor();
    assert.equal(
      await tab.getByLabel("What the page calls you").inputValue(),
      "Ada",
      "as Bob called himself",
    );
    assert.equal((await tab.content()).includes(ada.email), false);
    const [adas] = subjects;
    const handover = subjects.findIndex((subject) => subject !== adas);
    assert.ok(handover > 0 && !subjects.slice(handover).includes(adas), `${subjects}`);
  },

  "a tab that meets somebody else's cookie tells the others at once": async (stage) => {
    const ada = await stage.visitor();
    const tab = await ada.signUp();
    await tab.evaluate(() => (window.isAdas = true));
    const bob = await stage.visitor();
    await (await bob.signUp()).close();
    const calls = recordCalls(ada.context);
    await ada.context.clearCookies();
    await ada.context.addCookies(await bob.context.cookies(origin));
    const opened = await ada.open("/account/profile");
    await opened.getByText(bob.email).waitFor();
    await eventually("the other tab starts afresh", () =>
      tab.evaluate(() => !window.isAdas).catch(() => false),
    );
    await ada.isSignedIn(tab);
    await new Mouse(tab).press(accountButton(tab));
    await new Mouse(tab).press(tab.getByRole("menuitem", { name: "Account", exact: true }));
    await tab.getByText(bob.email).waitFor();
    await ada.settled();
    assert.equal(calls.filter((call) => call === "RefreshToken").length, 2, calls.join(" "));
  },

  "a session that was ended elsewhere says so, and keeps what was being typed for the same person only":
    async (stage) => {
      const visitor = await stage.visitor();
      const page = await visitor.signUp();
      const elsewhere = await stage.visitor();
      elsewhere.email = visitor.email;
      const other = await elsewhere.open("/account/sessions");
      await elsewhere.logIn(other);
      await new Mouse(page).press(accountButton(page));
      await new Mouse(page).press(page.getByRole("menuitem", { name: "Account", exact: true }));
      await new Mouse(page).type(page.getByLabel("What the page calls you"), "Ada, nearly");
      await new Mouse(other).press(other.getByRole("button", { name: "End all others" }));
      await new Mouse(other).press(other.getByRole("button", { name: "End them" }));
      await other.getByText("All other sessions are ended.").waitFor();
      await new Mouse(page).press(page.getByRole("button", { name: "Save" }));
      await page.getByText("Your session was ended.").waitFor();
      await visitor.logIn(page);
      await page.getByLabel("What the page calls you").waitFor();
      assert.equal(await page.getByLabel("What the page calls you").inputValue(), "Ada, nearly");

      await new Mouse(other).press(other.getByRole("link", { name: "Sessions" }));
      await other.reload();
      await new Mouse(other).press(other.getByRole("button", { name: "End all others" }));
      await new Mouse(other).press(other.getByRole("button", { name: "End them" }));
      await other.getByText("All other sessions are ended.").waitFor();
      await new Mouse(page).press(page.getByRole("button", { name: "Save" }));
      await page.getByText("Your session was ended.").waitFor();
      const stranger = await stage.visitor();
      await (await stranger.signUp()).close();
      stranger.context = visitor.context;
      await stranger.logIn(page);
      await visitor.isSignedIn(page);
      await page.goto(`${origin}/account/profile`);
      await page.getByText(stranger.email).waitFor();
      assert.equal(await page.getByLabel("What the page calls you").inputValue(), "Ada");
    },

  "a login elsewhere in the browser while this tab sleeps costs one refresh for all that wait": async (
    stage,
  ) => {
    const visitor = await stage.visitor();
    const page = await visitor.signUp();
    const calls = recordCalls(visitor.context);
    // Lives shorter than this are for tests: the access token has run out before the tab wakes.
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    await new Mouse(page).press(accountButton(page));
    await new Mouse(page).press(page.getByRole("menuitem", { name: "Account", exact: true }));
    for (const name of ["Sessions", "History", "Profile"]) {
      await new Mouse(page).press(page.getByRole("link", { name }));
    }
    await page.getByText(visitor.email).waitFor();
    assert.equal(calls.filter((call) => call === "RefreshToken").length, 1, calls.join(" "));
  },

  "ten calls that an access token outlived by its life is shown with cost one refresh, and none is lost":
    async (stage) => {
      const visitor = await stage.visitor();
      const page = await visitor.signUp();
      const hand = new Mouse(page);
      const titles = Array.from({ length: 10 }, (_, index) => `task ${index + 1}`.padEnd(8, "."));
      for (const title of titles) {
        await hand.type(page.getByLabel("Add a task"), title);
        await page.keyboard.press("Enter");
      }
      const tick = (title) => page.locator("[data-id]").filter({ hasText: title }).locator(".tick");
      await tick(titles[9]).waitFor();
      await visitor.settled();
      await new Promise((resolve) => setTimeout(resolve, 6_000));

      const attempts = [];
      let answerAll;
      const allSent = new Promise((resolve) => (answerAll = resolve));
      await page.route("**/*.TaskService/CompleteTask", async (route) => {
        const attempt = { shown: route.request().headers()["authorization"] };
        // The frame's payload, which begins with the task and ends with the request's id.
        attempt.sent = route.request().postDataBuffer().toString("base64");
        attempts.push(attempt);
        if (attempts.length === titles.length) answerAll();
        const response = await route.fetch();
        attempt.status = response.headers()["grpc-status"] ?? "0";
        await allSent;
        await route.fulfill({ response });
      });
      const calls = recordCalls(visitor.context);
      for (const title of titles) await hand.press(tick(title));
      await eventually("each is repeated", () => attempts.length === 2 * titles.length);
      await visitor.settled();

      const [first, second] = [attempts.slice(0, 10), attempts.slice(10)];
      const [[expired], [renewed]] = [first, second].map((all) => [
        ...new Set(all.map(({ shown }) => shown)),
      ]);
      assert.equal(first.filter(({ shown, status }) => shown === expired && status === "16").length, 10);
      assert.equal(second.filter(({ shown, status }) => shown === renewed && status === "0").length, 10);
      assert.notEqual(expired, renewed);
      const contents = (all) => all.map(({ sent }) => sent).sort();
      assert.deepEqual(contents(second), contents(first), "each as it was, request id included");
      assert.equal(new Set(contents(first)).size, 10);
      assert.equal(calls.filter((call) => call === "RefreshToken").length, 1, calls.join(" "));
      await page.goto(`${origin}/?done=1`);
      for (const title of titles) {
        await tick(title).waitFor();
        assert.equal(await tick(title).getAttribute("aria-checked"), "true", title);
      }
    },

  "a reload cut off before its answer, then more than the grace of waiting, leaves one signed in": async (
    stage,
  ) => {
    const visitor = await stage.visitor();
    const page = await visitor.signUp();
    // The session may be rotated again only once the grace is over.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    stage.expectOutage();
    let reached;
    const cut = new Promise((resolve) => (reached = resolve));
    await page.route("**/*.AuthService/RefreshToken", async (route) => {
      await route.fetch();
      reached();
      await route.abort();
    });
    await page.reload();
    await cut;
    await page.close();
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    const again = await visitor.open();
    await visitor.isSignedIn(again);
  },
});
