// What every view and state of the page looks like, on a desktop and on a phone, in the light and in the dark: pictures
// of all of it, and whether it can be read.

import { accountButton, ask, assert, Mouse, origin, perform } from "./stage.mjs";
import { axeFaultsOf, devices, Eyes } from "./eyes.mjs";
import { faultsOf } from "./measure.mjs";
import { placeOfNewList } from "./task-list.mjs";

const ada = {
  name: "Augusta Ada Byron, Countess of Lovelace",
  email: `augusta-ada-byron-countess-of-lovelace-${Date.now()}@department-of-analytical-engines.example.org`,
  password: "Xk9mPq2vL",
};
const lists = {
  short: "Garden",
  long: "All that is to be thought of before the great move to the new flat in the other town by the sea",
  word: "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
};
const long = `Ask at the town hall whether the certificate of ${"registration, the birth certificate and ".repeat(5)}the passport are all they want`;
const typed = [
  "Buy bread",
  'Call Ann tomorrow 5pm !high #home #"calls to be made this week"',
  `Return the books to the library 3 May 2024 !urgent #${"x".repeat(50)}`,
  "Water the plants today !medium",
  "Sort the photographs !low",
  `Look at https://example.org/${"a-very-long-address-without-any-blank/".repeat(3)} #reading`,
  "Plant the tulips on 12 December",
  "Paint the fence from 3 December to 5 December #garden",
  "<b>Bold</b> & <img src=x onerror=alert(1)>",
  long,
];

/** Plays a part on each device, with eyes; the first has signed up for all. */
async function onEach(stage, part) {
  for (const [device, options] of Object.entries(devices)) {
    const visitor = Object.assign(await stage.visitor(options), { email: ada.email });
    await part(visitor, new Eyes(visitor, device), device === "phone");
  }
}

/** Goes to a view as a link in the page would. */
async function go(page, address, heading) {
  await page.evaluate((to) => {
    history.pushState(null, "", to);
    dispatchEvent(new PopStateEvent("popstate"));
  }, address);
  if (heading) await page.getByRole("heading", { name: heading, level: 1 }).waitFor();
}

async function signIn(visitor, address = "/") {
  const page = await visitor.open(address);
  await visitor.logIn(page);
  await page.getByRole("main").waitFor();
  await page.locator(".shell").waitFor();
  return page;
}

async function addTasks(page, texts) {
  for (const text of texts) {
    await page.getByLabel("Add a task").click();
    await page.keyboard.insertText(text);
    await page.waitForTimeout(120);
    await page.keyboard.press("Enter");
  }
}

const row = (page, title) => page.locator("[data-id]").filter({ hasText: title });
const addressOf = (page, title) => row(page, title).locator("a").getAttribute("href");

/** Where things are, once they have been made. */
const places = {};

await perform({
  "what cannot be read, and what axe would refuse, is found": async (stage) => {
    const visitor = await stage.visitor(devices.phone);
    const page = await visitor.open("/login");
    await visitor.isSignedOut(page);
    assert.deepEqual(await faultsOf(page), []);
    const plants = {
      "scrolls sideways": { width: "400px" },
      "is cut at the edge of": { width: "40px", overflow: "hidden", whiteSpace: "nowrap" },
      "is cut by an ellipsis": {
        width: "40px",
        overflow: "hidden",
        whiteSpace: "nowrap",
        textOverflow: "ellipsis",
      },
      "is cut at the edge of the screen": { position: "absolute", top: "0", left: "-20px" },
      "lie on one another": { marginTop: "-50px" },
      "> scrolls sideways": { width: "40px", overflow: "auto", whiteSpace: "nowrap" },
    };
    for (const [fault, style] of Object.entries(plants)) {
      await page.evaluate((given) => {
        const planted = document.createElement("p");
        planted.id = "planted";
        planted.textContent = "Something that has been planted here";
        Object.assign(planted.style, given);
        document.querySelector("form").append(planted);
      }, style);
      const found = await faultsOf(page);
      assert.ok(
        found.some((what) => what.includes(fault)),
        `${fault}: ${found}`,
      );
      await page.evaluate(() => document.getElementById("planted").remove());
    }
    await page.getByLabel("E-mail address").evaluate((field) => (field.placeholder = "somebody ".repeat(10)));
    assert.match((await faultsOf(page)).join(), /the placeholder .* is cut/);
    await page.getByLabel("E-mail address").evaluate((field) => (field.placeholder = ""));
    assert.deepEqual(await faultsOf(page), []);

    assert.deepEqual(await axeFaultsOf(page), []);
    await page.evaluate(() => {
      document.querySelector("h1").style.color = "rgb(200 200 190)";
      document.querySelector("label").remove();
    });
    const refused = (await axeFaultsOf(page)).join();
    assert.match(refused, /color-contrast/);
    assert.match((await axeFaultsOf(page, true)).join(), /^color-contrast/);
    assert.match(refused, /label/);
  },

  "the doors": async (stage) => {
    await onEach(stage, async (visitor, eyes, isPhone) => {
      const page = await visitor.open("/login");
      const hand = new Mouse(page);
      await visitor.isSignedOut(page);
      await eyes.see(page, "login");
      await visitor.logIn(page);
      await page.getByText("E-mail address and password do not match.").waitFor();
      await eyes.see(page, "login-refused");
      await hand.press(page.getByRole("link", { name: "Make an account" }));
      await page.getByLabel("Name").waitFor();
      await eyes.see(page, "signup");
      await page.getByLabel("E-mail address").fill(ada.email.replace(/\d+/, isPhone ? "0" : "1"));
      await page.getByLabel("Password", { exact: true }).fill("abcdefgh");
      await eyes.see(page, "signup-rules");
      await hand.press(page.getByRole("button", { name: "Make the account" }));
      await page.getByText("Must contain a digit.").waitFor();
      await eyes.see(page, "signup-violations");
      await page.getByLabel("Name").fill(ada.name);
      await page.getByLabel("Password", { exact: true }).fill(ada.password);
      await hand.press(page.getByRole("button", { name: "Show password" }));
      await hand.press(page.getByRole("button", { name: "Make the account" }));
      await page.locator(".shell").waitFor();
      await visitor.settled();
      const session = await stage.visitor();
      session.email = ada.email.replace(/\d+/, isPhone ? "0" : "1");
      const other = await signIn(session, "/account/sessions");
      await other.getByRole("button", { name: "End all others" }).click();
      await other.getByRole("button", { name: "End them" }).click();
      await other.getByText("All other sessions are ended.").waitFor();
      await go(page, "/account/history");
      await page.getByText("Your session was ended.").waitFor();
      await eyes.see(page, "login-ended");
      eyes.assertNoFaults();
    });
  },

  "nothing yet": async (stage) => {
    const first = Object.assign(await stage.visitor(), { email: ada.email });
    await (await first.signUp()).close();
    await onEach(stage, async (visitor, eyes, isPhone) => {
      const page = await signIn(visitor);
      await page.getByText("Nothing to do").waitFor();
      await eyes.see(page, "empty-all");
      for (const [name, heading] of [
        ["inbox", "Inbox"],
        ["today", "Today"],
        ["upcoming", "Upcoming"],
        ["trash", "Trash"],
        ["labels/home", "#home"],
      ]) {
        await go(page, `/${name}`, heading);
        await page.locator(".empty").waitFor();
        await eyes.see(page, `empty-${name.split("/")[0]}`);
      }
      if (!isPhone) {
        for (const [key, name] of Object.entries(lists)) places[key] = await placeOfNewList(page, name);
      }
      await go(page, places.word, lists.word);
      await page.getByText("Nothing on this list").waitFor();
      await eyes.see(page, "empty-list");
      await go(page, "/nowhere/at/all");
      await page.getByText("Nothing is at this address").waitFor();
      await eyes.see(page, "not-found");
      await go(page, `/tasks/0190b0b0-0000-7000-8000-00000000002a`);
      await page.getByText("This task is gone").waitFor();
      await eyes.see(page, "task-gone");
      eyes.assertNoFaults();
    });
  },

  "the tasks": async (stage) => {
    const first = Object.assign(await stage.visitor(), { email: ada.email });
    const elsewhere = await signIn(first, places.short);
    await addTasks(elsewhere, ["Mow the lawn !low", "Cut the roses on 1 December", `Weed: ${lists.word}`]);
    await go(elsewhere, places.long, lists.long);
    await addTasks(elsewhere, ["Hire a van !high", "Measure the doors"]);
    await go(elsewhere, "/inbox", "Inbox");
    await addTasks(elsewhere, typed);
    await row(elsewhere, "Call Ann").locator("a").click();
    const field = (name) => elsewhere.getByLabel("Task", { exact: true }).getByLabel(name, { exact: true });
    await field("Notes").fill(`${long}\n\n${lists.word}`);
    await field("Start: day").fill("2026-11-20");
    await field("Start: time of day, or empty for the whole day").fill("09:30");
    await elsewhere.getByRole("button", { name: "Save" }).click();
    await elsewhere.getByRole("button", { name: "Save" }).waitFor({ state: "detached" });
    for (const step of ["Look for the number", "Write down what to ask", long]) {
      await field("Add a subtask").fill(step);
      await field("Add a subtask").press("Enter");
    }
    await elsewhere.getByRole("checkbox", { name: "Complete “Look for the number”" }).click();
    await first.settled();
    await go(elsewhere, "/inbox", "Inbox");
    await row(elsewhere, "Sort the photographs").locator("a").click();
    await elsewhere.getByLabel("Task", { exact: true }).getByRole("button", { name: "More" }).click();
    await elsewhere.getByRole("menuitem", { name: "Begin" }).click();
    await go(elsewhere, "/inbox", "Inbox");
    for (const title of ["Buy bread", "Plant the tulips"])
      await row(elsewhere, title).locator(".tick").click();
    await row(elsewhere, "<b>Bold</b>").locator("a").click();
    await elsewhere.getByLabel("Task", { exact: true }).getByRole("button", { name: "More" }).click();
    await elsewhere.getByRole("menuitem", { name: "Delete" }).click();
    await first.settled();
    places.call = await addressOf(elsewhere, "Call Ann");
    places.water = await addressOf(elsewhere, "Water the plants");

    await onEach(stage, async (visitor, eyes, isPhone) => {
      const page = await signIn(visitor, "/inbox");
      const panel = page.getByLabel("Task", { exact: true });
      for (const [name, address, heading, task] of [
        ["inbox", "/inbox", "Inbox", "Call Ann"],
        ["all-with-done", "/?done=1", "All tasks", "Hire a van"],
        ["today", "/today", "Today", "Water the plants"],
        ["upcoming", "/upcoming", "Upcoming", "Cut the roses"],
        ["label", "/labels/home", "#home", "Call Ann"],
        ["list", places.short, lists.short, "Mow the lawn"],
      ]) {
        await go(page, address, heading);
        await row(page, task).waitFor();
        await eyes.see(page, name);
      }
      await page.getByRole("button", { name: "This list" }).click();
      await eyes.see(page, "list-menu");
      await page.getByRole("menuitem", { name: "Rename…" }).click();
      await eyes.see(page, "list-rename");
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "This list" }).click();
      await page.getByRole("menuitem", { name: "Delete…" }).click();
      await eyes.see(page, "list-delete");
      await page.keyboard.press("Escape");
      await go(page, places.long, lists.long);
      await row(page, "Hire a van").waitFor();
      await page.getByRole("button", { name: "This list" }).click();
      await eyes.see(page, "list-with-a-long-name");
      await page.keyboard.press("Escape");
      await go(page, "/trash", "Trash");
      await row(page, "<b>Bold</b>").waitFor();
      await eyes.see(page, "trash");
      await row(page, "<b>Bold</b>").locator("a").click();
      await panel.getByText("in the trash until").waitFor();
      await eyes.see(page, "task-in-the-trash");

      await go(page, "/inbox", "Inbox");
      await page.getByRole("button", { name: "Filter and sort" }).click();
      await page.getByText("As a filter").waitFor();
      await eyes.see(page, "filter");
      await page.getByText("As a filter").click();
      await page.getByLabel("Filter in the server's language").fill("priority = = HIGH");
      await eyes.see(page, "filter-text");
      await page.keyboard.press("Enter");
      await page.getByText("The filter cannot be read.").waitFor();
      await eyes.see(page, "filter-that-cannot-be-read");
      await page.getByLabel("Filter in the server's language").fill('title = "nothing at all"');
      await page.keyboard.press("Enter");
      await page.getByText("Nothing passes the filter").waitFor();
      await eyes.see(page, "filter-with-nothing");

      await go(page, "/inbox", "Inbox");
      await row(page, "Call Ann").waitFor();
      await page.getByRole("button", { name: "Filter and sort" }).click();
      await page
        .getByLabel("Add a task")
        .fill(`call ${long} tomorrow 5pm !high #home #${"y".repeat(50)} @All`);
      await page.locator(".chip-list").waitFor();
      await eyes.see(page, "quick-add");
      await page.getByLabel("Add a task").fill("");

      await go(page, places.call);
      await panel.getByText("Write down what to ask").waitFor();
      await eyes.see(page, "task");
      await panel.getByLabel("Title", { exact: true }).fill(long);
      await panel.getByRole("button", { name: "Save" }).scrollIntoViewIfNeeded();
      await eyes.see(page, "task-not-saved");
      await panel.getByRole("button", { name: "More" }).click();
      await eyes.see(page, "task-menu");
      await page.keyboard.press("Escape");
      await go(page, places.water);
      await page.getByText("Leave without saving?").waitFor();
      await eyes.see(page, "leaving");
      await page.getByRole("button", { name: "Stay" }).click();
      await panel.getByRole("button", { name: "Discard" }).click();
      await panel.getByLabel("Title", { exact: true }).fill("");
      await panel.getByLabel("Labels").fill("a\u0085b");
      await panel.getByLabel("Labels").press("Enter");
      await panel.getByRole("button", { name: "Save" }).click();
      await panel.locator(".field-errors li").nth(1).waitFor();
      await eyes.see(page, "task-refused");
      await panel.getByRole("button", { name: "Discard" }).click();

      await go(page, places.water);
      await panel.getByLabel("Title", { exact: true }).waitFor();
      await panel.getByLabel("Title", { exact: true }).fill(`${long} (${visitor.email})`);
      await panel.getByLabel("Notes").fill(lists.word);
      await go(elsewhere, places.water);
      await field("Title").fill(`Water the plants, as ${isPhone ? "Ann" : "Ben"} says`);
      await elsewhere.getByRole("button", { name: "Save" }).click();
      await elsewhere.getByRole("button", { name: "Save" }).waitFor({ state: "detached" });
      await panel.getByRole("button", { name: "Save" }).click();
      await page.getByText("Changed in two places").waitFor();
      await eyes.see(page, "conflict");
      await page.getByRole("button", { name: "Keep what is there now" }).click();

      await go(page, "/inbox", "Inbox");
      await page.getByRole("button", { name: "Choose several" }).click();
      await page.getByText("Choose tasks").waitFor();
      await eyes.see(page, "bulk-none");
      await row(page, "Call Ann").locator(".tick").click();
      await row(page, "Sort the photographs").locator(".tick").click();
      await page.getByText("2 chosen").waitFor();
      await eyes.see(page, "bulk");
      await page.getByRole("button", { name: "Move to a list" }).click();
      await eyes.see(page, "bulk-lists");
      await page.keyboard.press("Escape");
      for (const [button, name] of [
        ["Set the due date", "bulk-date"],
        ["Add a label", "bulk-label"],
      ]) {
        await page.getByRole("button", { name: button }).click();
        await eyes.see(page, name);
        await page.keyboard.press("Escape");
      }
      await page.getByRole("button", { name: "Choose none" }).click();

      await row(page, "registration").locator(".tick").click();
      await page.getByRole("status").getByRole("button", { name: "Undo" }).waitFor();
      await eyes.see(page, "undo");
      await page.getByRole("status").getByRole("button", { name: "Undo" }).click();
      await page.keyboard.press("Control+k");
      await page.getByRole("combobox", { name: "What would you like to do?" }).waitFor();
      await eyes.see(page, "palette");
      await page.keyboard.insertText("nothing of that kind");
      await eyes.see(page, "palette-with-nothing");
      await page.keyboard.press("Escape");
      await page.keyboard.press("?");
      await page.getByText("Keys work without Ctrl or ⌘").waitFor();
      await eyes.see(page, "shortcuts");
      await page.keyboard.press("Escape");
      if (isPhone) {
        await page.getByRole("button", { name: "Open the menu" }).click();
        await page.getByRole("dialog", { name: "Menu" }).getByText(lists.word).first().waitFor();
        await eyes.see(page, "menu");
      }
      await accountButton(page).click();
      await eyes.see(page, "account-menu");
      eyes.assertNoFaults();
    });
  },

  "the account": async (stage) => {
    await onEach(stage, async (visitor, eyes, isPhone) => {
      const page = await signIn(visitor, "/account/profile");
      await page.getByText(visitor.email).waitFor();
      await eyes.see(page, "profile");
      await page
        .getByLabel("What the page calls you")
        .fill(`${ada.name}${isPhone ? " and Baroness Wentworth" : ""}`);
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByText("Your name is saved.").waitFor();
      await eyes.see(page, "profile-saved");
      await go(page, "/account/password");
      await page.getByLabel("New password").fill("abc");
      await eyes.see(page, "password");
      await page.getByLabel("Current password").fill("wrong");
      await page.getByRole("button", { name: "Change the password" }).click();
      await page.getByText("Must contain").first().waitFor();
      await eyes.see(page, "password-refused");
      await page.getByLabel("Current password").fill("");
      await page.getByLabel("New password").fill("");
      // By way of the tasks, whose styles are there from then on.
      await go(page, "/inbox", "Inbox");
      await go(page, "/account/sessions");
      await page.getByText("This device").waitFor();
      await eyes.see(page, "sessions");
      await page.getByRole("button", { name: "End all others" }).click();
      await eyes.see(page, "sessions-end");
      await page.keyboard.press("Escape");
      await go(page, "/account/history");
      await page.getByText("You logged in").first().waitFor();
      await eyes.see(page, "history");
      await go(page, "/account/delete");
      await page.getByLabel("Password", { exact: true }).fill("wrong");
      await eyes.see(page, "deletion");
      await page.getByRole("button", { name: "Delete the account" }).click();
      await page.getByText("Delete the account for good?").waitFor();
      await eyes.see(page, "deletion-asked");
      eyes.assertNoFaults();
    });
  },

  "the server is away": async (stage) => {
    stage.expectOutage();
    await onEach(stage, async (visitor, eyes) => {
      const page = await signIn(visitor, "/inbox");
      await row(page, "Call Ann").waitFor();
      const second = await visitor.open("/account/profile");
      await second.getByText(visitor.email).waitFor();
      await second.getByLabel("What the page calls you").fill("Ada");
      await ask("stop task");
      await ask("stop auth");
      await second.getByRole("button", { name: "Save" }).click();
      await second.getByText("It may have happened all the same.").waitFor();
      await eyes.see(second, "outage-profile");
      await page.bringToFront();
      await go(page, places.short, lists.short);
      await page.getByText("The server cannot be reached.").waitFor();
      await eyes.see(page, "outage-list");
      await page.goto(`${origin}/upcoming`);
      await page.getByText("The server cannot be reached.").first().waitFor();
      await eyes.see(page, "outage-door");
      eyes.assertNoFaults();
      await ask("start auth");
      await ask("start task");
      await row(page, "Cut the roses").waitFor();
    });
  },
});
