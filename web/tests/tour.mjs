// The pictures of docs/quickstart.md, taken by `cargo xtask page pictures`.

import { stat } from "node:fs/promises";
import { accountButton, assert, Mouse, perform, pictures } from "./stage.mjs";
import { makeList } from "./task-list.mjs";

const MAX_BYTES = 150 * 1024;
const lists = {
  Home: [
    "Call Ann tomorrow 5pm !high #calls",
    "Water the plants today #garden",
    "Buy boxes for the move today !high #move",
    "Return the books on Friday #library",
  ],
  "Move house": [
    "Rent a van in 3 days !urgent #move",
    "Pack the kitchen in 5 days #move",
    "Tell the bank the new address #calls #move",
    "Measure the new rooms tomorrow 10am #move",
  ],
};

await perform({
  "a tour of the page": async (stage) => {
    const ada = await stage.visitor({ viewport: { width: 1120, height: 700 } });
    const page = await ada.open("/signup");
    const hand = new Mouse(page);
    const panel = page.getByLabel("Task", { exact: true });
    const row = (title) => page.locator("[data-id]").filter({ hasText: title });

    ada.email = "ada@example.com";
    await hand.type(page.getByLabel("Name"), "Ada");
    await hand.type(page.getByLabel("E-mail address"), ada.email);
    await hand.type(page.getByLabel("Password", { exact: true }), "Xk4mPq");
    await take(page, "sign-up");
    await hand.type(page.getByLabel("Password", { exact: true }), ada.password);
    await hand.press(page.getByRole("button", { name: "Make the account" }));
    await ada.isSignedIn(page);

    for (const [name, lines] of Object.entries(lists)) {
      await makeList(page, hand, name);
      for (const line of lines) await add(page, hand, line);
    }
    await hand.type(page.getByLabel("Add a task"), "Have the keys copied on Monday 9am !high #move");
    await page.locator("#quick-add-parts").getByText("label: ").waitFor();
    await take(page, "quick-add");
    await page.keyboard.press("Enter");
    await row("Have the keys copied").waitFor();

    await hand.press(row("Pack the kitchen").locator("a"));
    await hand.type(panel.getByLabel("Notes"), "Plates last. The good knives go into the car.");
    for (const step of ["Wrap the glasses", "Empty the fridge"]) {
      await hand.type(panel.getByLabel("Add a subtask"), step);
      await page.keyboard.press("Enter");
    }
    await hand.press(panel.getByRole("button", { name: "Save" }));
    await panel.getByRole("button", { name: "Save" }).waitFor({ state: "detached" });
    await take(page, "task");
    await hand.press(panel.getByRole("button", { name: "Close the task" }));

    await hand.press(page.getByRole("link", { name: "All tasks" }));
    await hand.press(page.getByRole("button", { name: "Filter and sort" }));
    await hand.press(page.getByText("As a filter"));
    await hand.type(page.getByLabel("Filter in the server's language"), "labels:move AND priority >= HIGH");
    await page.keyboard.press("Enter");
    await row("Water the plants").waitFor({ state: "detached" });
    await take(page, "filter");
    await hand.press(page.getByRole("button", { name: "Filter and sort" }));
    await hand.press(page.getByRole("link", { name: "Today" }));
    await page.getByRole("heading", { name: "Today", level: 1 }).waitFor();

    await page.keyboard.press("ControlOrMeta+k");
    await page.getByRole("dialog").getByRole("option").first().waitFor();
    await page.emulateMedia({ colorScheme: "dark" });
    await take(page, "palette");
    await page.keyboard.press("Escape");
    await page.emulateMedia({ colorScheme: "light" });

    const phone = await stage.visitor({
      viewport: { width: 360, height: 740 },
      hasTouch: true,
      isMobile: true,
      deviceScaleFactor: 2,
    });
    phone.email = ada.email;
    const small = await phone.open("/upcoming");
    await phone.logIn(small);
    await small.getByRole("heading", { name: "Upcoming", level: 1 }).waitFor();
    await small.locator("[data-id]").first().waitFor();
    await take(small, "phone");

    await hand.press(accountButton(page));
    await hand.press(page.getByRole("menuitem", { name: "Sessions", exact: true }));
    await page.getByText("This device").waitFor();
    await take(page, "sessions");
  },
});

async function add(page, hand, line) {
  const shown = page.locator("[data-id]");
  const before = await shown.count();
  await hand.type(page.getByLabel("Add a task"), line);
  await page.locator("#quick-add-parts").getByText(": ").first().waitFor();
  await page.keyboard.press("Enter");
  await shown.nth(before).waitFor();
}

/** Once nothing moves any more, and nothing is pointed at. */
async function take(page, name) {
  await page.mouse.move(0, 0);
  await page.waitForTimeout(500);
  const path = `${pictures}/${name}.png`;
  await page.screenshot({ path, animations: "disabled" });
  const { size } = await stat(path);
  assert.ok(
    size <= MAX_BYTES,
    `${path} has ${size} bytes; ${MAX_BYTES} is the most that a page of docs/ loads`,
  );
}
