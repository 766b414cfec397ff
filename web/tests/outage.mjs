// Services that stop and come back while somebody uses the page.

import { accountButton, assert, ask, eventually, Mouse, origin, perform } from "./stage.mjs";
import { add, row, rows } from "./task-list.mjs";

const banner = (page) => page.getByText("The server cannot be reached.");

/** The service takes a call, and is gone before its answer is on the way. */
async function stopBeforeItsAnswer(page, method) {
  let said;
  const gone = new Promise((resolve) => (said = resolve));
  const stop = async (route) => {
    const answer = await route.fetch();
    assert.equal(answer.headers()["grpc-status"] ?? "0", "0");
    await ask("stop task");
    await route.abort();
    said();
  };
  await page.route(`**/*.TaskService/${method}`, stop, { times: 1 });
  return { gone };
}

/** What the server has, once it is back: each task once, and as it should be. */
async function has(visitor, page, expected) {
  await banner(page).waitFor();
  await ask("start task");
  await banner(page).waitFor({ state: "detached" });
  await visitor.settled();
  const complaints = page.getByRole("dialog").or(page.locator(".toast-bad")).or(page.getByRole("alert"));
  assert.deepEqual(await complaints.allTextContents(), [], "nobody is bothered with it");
  await page.goto(`${origin}/?done=1`);
  const found = async () => {
    return rows(page).evaluateAll((all) =>
      all.map((one) => `${one.querySelector("a").textContent}: ${one.querySelector(".tick").ariaChecked}`),
    );
  };
  await row(page, expected[0].split(":")[0]).waitFor();
  assert.deepEqual((await found()).sort(), expected);
}

await perform({
  "logging out while the server is away says that it did not happen": async (stage) => {
    const visitor = await stage.visitor();
    const page = await visitor.signUp();
    stage.expectOutage();
    await ask("stop auth");
    await visitor.logOut(page);
    await page.getByText("You are not logged out.").waitFor();
    await visitor.isSignedIn(page);
    assert.equal((await visitor.context.cookies(origin)).length, 1);
    await ask("start auth");
    await new Mouse(page).press(page.getByRole("button", { name: "Try again" }));
    await visitor.isSignedOut(page);
  },

  "what is read waits behind a banner until the server is back": async (stage) => {
    const visitor = await stage.visitor();
    const page = await visitor.signUp();
    stage.expectOutage();
    await ask("stop auth");
    await new Mouse(page).press(accountButton(page));
    await new Mouse(page).press(page.getByRole("menuitem", { name: "Sessions", exact: true }));
    await page.getByText("The server cannot be reached.").waitFor();
    await ask("start auth");
    await page.getByText("This device").waitFor();
    await page.getByText("The server cannot be reached.").waitFor({ state: "detached" });
  },

  "what may have happened says so": async (stage) => {
    const visitor = await stage.visitor();
    const page = await visitor.signUp();
    await new Mouse(page).press(accountButton(page));
    await new Mouse(page).press(page.getByRole("menuitem", { name: "Account", exact: true }));
    await new Mouse(page).type(page.getByLabel("What the page calls you"), "Somebody");
    stage.expectOutage();
    await ask("stop auth");
    await new Mouse(page).press(page.getByRole("button", { name: "Save" }));
    await page.getByText("It may have happened all the same.").waitFor();
    await ask("start auth");
    await new Mouse(page).press(page.getByRole("button", { name: "Try again" }));
    await page.getByText("Your name is saved.").waitFor();
  },

  "the page opened while the server is away signs in by itself when it is back": async (stage) => {
    const visitor = await stage.visitor();
    const page = await visitor.signUp();
    stage.expectOutage();
    await ask("stop auth");
    await page.reload();
    await page.getByText("The server cannot be reached.").first().waitFor();
    await ask("start auth");
    await visitor.isSignedIn(page);
  },

  "an edit that the server leaves in the middle of is kept, and saved once when it is back": async (
    stage,
  ) => {
    const visitor = await stage.visitor();
    const page = await visitor.signUp();
    const hand = new Mouse(page);
    await add(page, new Mouse(page), "paint the shed");
    await hand.press(row(page, "paint the shed").locator("a"));
    const panel = page.getByLabel("Task", { exact: true });
    const [title, notes] = [panel.getByLabel("Title", { exact: true }), panel.getByLabel("Notes")];
    await hand.type(title, "paint the fence");
    stage.expectOutage();
    await ask("stop task");
    await hand.type(notes, "green, by the neighbours' leave");
    await hand.press(panel.getByRole("button", { name: "Save" }));
    await banner(page).waitFor();
    assert.equal(await title.inputValue(), "paint the fence");
    assert.equal(await notes.inputValue(), "green, by the neighbours' leave");
    await has(visitor, page, ["paint the fence: false"]);
    await hand.press(row(page, "paint the fence").locator("a"));
    await eventually("the notes", async () => (await notes.inputValue()).startsWith("green"));

    await hand.type(notes, "white after all");
    const { gone } = await stopBeforeItsAnswer(page, "UpdateTask");
    await hand.press(panel.getByRole("button", { name: "Save" }));
    await gone;
    await has(visitor, page, ["paint the fence: false"]);
    await hand.press(row(page, "paint the fence").locator("a"));
    await eventually("the notes", async () => (await notes.inputValue()) === "white after all");
  },

  "what is added while the server goes away is there once when it is back": async (stage) => {
    const visitor = await stage.visitor();
    const page = await visitor.signUp();
    await add(page, new Mouse(page), "first");
    await visitor.settled();
    stage.expectOutage();
    await ask("stop task");
    await add(page, new Mouse(page), "second");
    await row(page, "second").waitFor();
    await has(visitor, page, ["first: false", "second: false"]);
    const { gone } = await stopBeforeItsAnswer(page, "CreateTask");
    await add(page, new Mouse(page), "third");
    await gone;
    await row(page, "third").waitFor();
    await has(visitor, page, ["first: false", "second: false", "third: false"]);
  },

  "what is completed while the server goes away is completed once when it is back": async (stage) => {
    const visitor = await stage.visitor();
    const page = await visitor.signUp();
    await add(page, new Mouse(page), "first");
    await add(page, new Mouse(page), "second");
    await row(page, "second").waitFor();
    await visitor.settled();
    stage.expectOutage();
    await ask("stop task");
    await new Mouse(page).press(row(page, "first").locator(".tick"));
    await has(visitor, page, ["first: true", "second: false"]);
    const { gone } = await stopBeforeItsAnswer(page, "CompleteTask");
    await new Mouse(page).press(row(page, "second").locator(".tick"));
    await gone;
    await has(visitor, page, ["first: true", "second: true"]);
  },
});
