// What the page says: at a field that was refused, and in passing.

import {
  accountButton,
  assert,
  byBoth,
  eventually,
  Keyboard,
  Mouse,
  perform,
  recordCalls,
} from "./stage.mjs";
import { add, link, panelOf, tick, typeParts, withTasks } from "./task-list.mjs";

/** Waits until a field is marked and has a sentence that says why. */
async function says(page, field) {
  await eventually("it is marked", async () => (await field.getAttribute("aria-invalid")) === "true");
  const ids = (await field.getAttribute("aria-describedby")).split(" ");
  const errors = await page.locator(`#${ids.at(-1)}`).textContent();
  assert.match(errors, /\w+ \w+/);
}

/** A character that no line may have; browsers let it be pasted. */
const control = "\u0085";

const scenes = {
  "what the server refuses is said at its field": async (stage, Hand) => {
    const visitor = await stage.visitor();
    const page = await visitor.open("/signup");
    const hand = new Hand(page);
    await hand.type(page.getByLabel("E-mail address"), `${"a".repeat(250)}@example.org`);
    await hand.type(page.getByLabel("Password", { exact: true }), "short");
    await hand.press(page.getByRole("button", { name: "Make the account" }));
    await says(page, page.getByLabel("Password", { exact: true }));
    await says(page, page.getByLabel("E-mail address"));
    await hand.type(page.getByLabel("Name"), "Ada");
    await hand.type(page.getByLabel("E-mail address"), visitor.email);
    await hand.type(page.getByLabel("Password", { exact: true }), visitor.password);
    await hand.press(page.getByRole("button", { name: "Make the account" }));
    await visitor.isSignedIn(page);
    await add(page, hand, "a task");
    await hand.press(link(page, "a task"));
    const title = panelOf(page).getByLabel("Title", { exact: true });
    await hand.type(title, " ");
    await hand.press(panelOf(page).getByRole("button", { name: "Save" }));
    await says(page, title);
    await hand.press(panelOf(page).getByRole("button", { name: "Discard" }));
    assert.equal(await title.inputValue(), "a task");
  },

  "what the server refuses of names, labels and notes is said where it was typed": async (stage, Hand) => {
    const { page, hand } = await withTasks(stage, Hand, "travel");
    await hand.press(page.getByRole("button", { name: "Make a list" }));
    const name = page.getByRole("textbox", { name: "Name" });
    await hand.type(name, `Gar${control}den`);
    await page.keyboard.press("Enter");
    await says(page, name);
    await hand.type(name, "Garden");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Garden", level: 1 }).waitFor();
    await hand.press(page.getByRole("link", { name: "Inbox" }));
    await hand.press(link(page, "travel"));
    const field = (label) => panelOf(page).getByLabel(label, { exact: true });
    await hand.type(field("Notes"), "");
    await page.keyboard.insertText("ü".repeat(8_193));
    await hand.type(field("Labels"), `so${control}on`);
    await page.keyboard.press("Enter");
    await hand.press(panelOf(page).getByRole("button", { name: "Save" }));
    for (const label of ["Notes", "Labels"]) await says(page, field(label));
    assert.equal(await panelOf(page).getByRole("alert").count(), 0, "nothing is said twice");
    await hand.press(panelOf(page).getByRole("button", { name: "Discard" }));
    assert.equal(await field("Notes").inputValue(), "");
    await hand.press(accountButton(page));
    await hand.press(page.getByRole("menuitem", { name: "Account", exact: true }));
    await hand.type(page.getByLabel("What the page calls you"), `A${control}da`);
    await page.keyboard.press("Enter");
    await says(page, page.getByLabel("What the page calls you"));
    await hand.press(page.getByRole("button", { name: "Discard" }));
  },

  "a message with a way back waits for whoever is at it": async (stage, Hand) => {
    const { visitor, page, hand } = await withTasks(stage, Hand, "water the plants");
    const message = page.getByRole("status").filter({ hasText: "Completed." });
    const isDone = async (done) =>
      eventually(`done: ${done}`, async () => {
        return (await tick(page, "water the plants").getAttribute("aria-checked")) === `${done}`;
      });
    const goThere = async () => {
      const back = message.getByRole("button", { name: "Undo" });
      if (Hand === Keyboard) await hand.reach(back);
      else await back.hover();
    };
    const leave = async () => {
      if (Hand === Keyboard) await hand.reach(page.getByRole("link", { name: "Inbox" }));
      else await page.getByRole("heading", { level: 1 }).hover();
    };
    await hand.press(tick(page, "water the plants"));
    await isDone(true);
    await goThere();
    await page.waitForTimeout(11_000);
    await page.keyboard.press("z");
    await isDone(false);
    await hand.press(tick(page, "water the plants"));
    await isDone(true);
    await goThere();
    await leave();
    await message.waitFor({ state: "detached" });
    const calls = recordCalls(visitor.context);
    await page.keyboard.press("z");
    await visitor.settled();
    assert.ok(!calls.includes("ReopenTask"), "what is no longer offered is not done");
  },
};

await perform({
  ...byBoth(scenes),
  "a day beyond the calendar cannot be typed, and else is refused at its field": async (stage) => {
    const { page, hand } = await withTasks(stage, Mouse, "travel");
    await hand.press(link(page, "travel"));
    const day = (name) => panelOf(page).getByLabel(`${name}: day`);
    await typeParts(page, hand, day("Due"), "122492030");
    assert.doesNotMatch(await day("Due").inputValue(), /^\d{5}/);
    // As in browsers that let it be typed all the same.
    await day("Due").evaluate((input) => input.removeAttribute("max"));
    await typeParts(page, hand, day("Due"), "122492030");
    await hand.press(panelOf(page).getByRole("button", { name: "Save" }));
    await says(page, day("Due"));
    assert.equal(await day("Start").getAttribute("aria-invalid"), null);
    assert.equal(await panelOf(page).getByRole("alert").count(), 0, "nothing is said twice");
  },
});
