// Finding, sorting and tidying up tasks and lists, and the page made one's own: by the mouse, and again by the keyboard
// alone.

import { assert, byBoth, eventually, Keyboard, Mouse, origin, perform } from "./stage.mjs";
import {
  add,
  hold,
  link,
  makeList,
  panelOf,
  row,
  rows,
  shows,
  tick,
  typeParts,
  withTasks,
} from "./task-list.mjs";

async function choose(page, hand, field, option) {
  if (hand instanceof Keyboard) await hand.reach(field);
  else await field.click();
  await page.keyboard.type(option);
  if (hand instanceof Mouse) await page.keyboard.press("Enter");
}

const inDialog = (page, name) => page.getByRole("dialog").getByRole("button", { name, exact: true });

const scenes = {
  "tasks are found, sorted and filtered by controls, and the address keeps it": async (stage, Hand) => {
    const texts = ["plums #home", "apples !low tomorrow", "pears !urgent"];
    const { page, hand } = await withTasks(stage, Hand, ...texts);
    await shows(page, ["plums", "apples", "pears"]);
    await hand.press(page.getByRole("button", { name: "Filter and sort" }));
    const panel = page.getByRole("group", { name: "Filter and sort" });
    await choose(page, hand, panel.getByLabel("Sort by"), "Title");
    await shows(page, ["apples", "pears", "plums"]);
    await choose(page, hand, panel.getByLabel("Due"), "Without");
    await shows(page, ["pears", "plums"]);
    await choose(page, hand, panel.getByLabel("Label"), "#home");
    await shows(page, ["plums"]);
    await page.reload();
    await shows(page, ["plums"]);
    await hand.press(page.getByRole("button", { name: "Filter and sort" }));
    await hand.press(panel.getByRole("button", { name: "Reset" }));
    await shows(page, ["plums", "apples", "pears"]);
    await hand.press(tick(page, "apples"));
    await page.getByRole("status").getByRole("button", { name: "Undo" }).waitFor();
    await hand.press(panel.getByLabel("Show what is done"));
    await eventually("what is done", async () => {
      return (await tick(page, "apples").getAttribute("aria-checked")) === "true";
    });
    await hand.press(panel.getByLabel("Show what is done"));
    await shows(page, ["plums", "pears"]);
    await hand.type(page.getByLabel("Find in these tasks"), "pears");
    await shows(page, ["pears"]);
    await eventually("the address says so", () => new URL(page.url()).searchParams.get("q") === "pears");
    await page.keyboard.press("Escape");
    await shows(page, ["plums", "pears"]);
    await hand.press(page.getByRole("link", { name: "#home" }).or(page.getByRole("link", { name: "home" })));
    await page.getByRole("heading", { name: "#home", level: 1 }).waitFor();
    await shows(page, ["plums"]);
    await page.goBack();
    await shows(page, ["plums", "pears"]);
    await page.goForward();
    await shows(page, ["plums"]);
  },

  "several are given a day and a label, moved, completed and taken up again": async (stage, Hand) => {
    const { visitor, page, hand } = await withTasks(stage, Hand, "one", "two", "three");
    await makeList(page, hand, "Garden");
    await hand.press(page.getByRole("link", { name: "Inbox" }));
    await shows(page, ["one", "two", "three"]);
    const bar = page.getByRole("toolbar");
    const pick = async (...titles) => {
      await hand.press(page.getByRole("button", { name: "Choose several" }));
      for (const title of titles) await hand.press(tick(page, title));
      await bar.getByText(`${titles.length} chosen`).waitFor();
    };
    await pick("one", "two");
    await hand.press(bar.getByRole("button", { name: "Set the due date" }));
    await hand.press(inDialog(page, "Set the date"));
    for (const title of ["one", "two"]) await row(page, title).getByText("Today").waitFor();
    assert.equal(await row(page, "three").getByText("Today").count(), 0);
    await pick("two", "three");
    await hand.press(bar.getByRole("button", { name: "Add a label" }));
    await hand.type(page.getByLabel("Label to add"), "#soon");
    await page.keyboard.press("Enter");
    for (const title of ["two", "three"]) await row(page, title).getByText("#soon").waitFor();
    await visitor.settled();
    await pick("one", "three");
    await hand.press(bar.getByRole("button", { name: "Move to a list" }));
    await hand.press(page.getByRole("menuitem", { name: "Garden" }));
    await shows(page, ["two"]);
    await hand.press(page.getByRole("link", { name: "Garden" }));
    await shows(page, ["one", "three"]);
    await visitor.settled();
    await pick("one", "three");
    await hand.press(bar.getByRole("button", { name: "Complete", exact: true }));
    await page.getByText("2 tasks were completed.").waitFor();
    await visitor.settled();
    await page.goto(`${page.url().split("?")[0]}?done=1`);
    await shows(page, ["one", "three"]);
    await pick("one", "three");
    await hand.press(bar.getByRole("button", { name: "Take up again" }));
    await page.getByText("2 tasks were taken up again.").waitFor();
    await visitor.settled();
    await page.goto(page.url().split("?")[0]);
    await shows(page, ["one", "three"]);
  },

  "a list is moved, deleted, and comes back with its tasks": async (stage, Hand) => {
    const visitor = await stage.visitor();
    const page = await visitor.signUp(Hand);
    const hand = new Hand(page);
    const lists = page.getByRole("navigation", { name: "Lists" }).getByRole("link");
    await makeList(page, hand, "Alpha");
    await makeList(page, hand, "Beta");
    await add(page, hand, "in beta");
    await shows(page, ["in beta"]);
    const inOrder = (expected) =>
      eventually(`${expected}`, async () => (await lists.allTextContents()).join() === expected.join());
    await inOrder(["Alpha", "Beta"]);
    const menu = async (item) => {
      await hand.press(page.getByRole("button", { name: "This list" }));
      await hand.press(page.getByRole("menuitem", { name: item }));
    };
    await menu("Move up");
    await inOrder(["Beta", "Alpha"]);
    await visitor.settled();
    await page.reload();
    await inOrder(["Beta", "Alpha"]);
    await hand.press(page.getByRole("link", { name: "Trash" }));
    await page.getByText("The trash is empty").waitFor();
    await page.goBack();
    await shows(page, ["in beta"]);
    await menu("Delete…");
    await hand.press(inDialog(page, "Delete"));
    await inOrder(["Alpha"]);
    await eventually("elsewhere", () => new URL(page.url()).pathname === "/");
    await hand.press(page.getByRole("link", { name: "Trash" }));
    await hand.press(page.getByRole("main").getByRole("button", { name: "Restore", exact: true }));
    await inOrder(["Beta", "Alpha"]);
    await hand.press(lists.filter({ hasText: "Beta" }));
    await shows(page, ["in beta"]);
  },

  "who has gone elsewhere while a list is deleted stays there": async (stage, Hand) => {
    const { page, hand } = await withTasks(stage, Hand, "a task");
    await makeList(page, hand, "Alpha");
    const letGo = await hold(page, "DeleteTaskList");
    await hand.press(page.getByRole("button", { name: "This list" }));
    await hand.press(page.getByRole("menuitem", { name: "Delete…" }));
    await hand.press(inDialog(page, "Delete"));
    await hand.press(page.getByRole("link", { name: "Inbox" }));
    await shows(page, ["a task"]);
    letGo();
    await page.getByText("“Alpha” is in the trash").waitFor();
    assert.equal(new URL(page.url()).pathname, "/inbox");
    await page.keyboard.press("z");
    await page.getByRole("link", { name: "Alpha" }).waitFor();
  },

  "what is in the trash is removed for good": async (stage, Hand) => {
    const { visitor, page, hand } = await withTasks(stage, Hand, "one", "two", "three");
    await hand.press(page.getByRole("button", { name: "Choose several" }));
    await hand.press(page.getByRole("toolbar").getByRole("button", { name: "All" }));
    await hand.press(page.getByRole("toolbar").getByRole("button", { name: "Delete" }));
    await page.getByText("The inbox is empty").waitFor();
    await visitor.settled();
    await hand.press(page.getByRole("link", { name: "Trash" }));
    await row(page, "two").waitFor();
    await hand.press(page.getByRole("button", { name: "Choose several" }));
    await hand.press(tick(page, "two"));
    await hand.press(page.getByRole("toolbar").getByRole("button", { name: "Remove for good" }));
    await hand.press(inDialog(page, "Remove for good"));
    await row(page, "two").waitFor({ state: "detached" });
    assert.equal(await rows(page).count(), 2);
    await hand.press(page.getByRole("button", { name: "Empty the trash" }));
    await hand.press(inDialog(page, "Empty the trash"));
    await page.getByText("The trash is empty").waitFor();
    await page.reload();
    await page.getByText("The trash is empty").waitFor();
  },

  "a task begins one day, is due at a time in a zone, and both can be taken away": async (stage, Hand) => {
    const { visitor, page, hand } = await withTasks(stage, Hand, "travel");
    await hand.press(link(page, "travel"));
    const panel = panelOf(page);
    const field = (name) => panel.getByLabel(name, { exact: true });
    const save = async () => {
      await hand.press(panel.getByRole("button", { name: "Save" }));
      await panel.getByRole("button", { name: "Save" }).waitFor({ state: "detached" });
      await visitor.settled();
      await page.reload();
      await field("Title").waitFor();
    };
    await typeParts(page, hand, field("Start: day"), "12202030");
    await typeParts(page, hand, field("Due: day"), "12242030");
    await typeParts(page, hand, field("Due: time of day, or empty for the whole day"), "0930PM");
    await choose(page, hand, field("Due: time zone"), "Asia/Tokyo");
    await save();
    assert.equal(await field("Start: day").inputValue(), "2030-12-20");
    assert.equal(await field("Due: day").inputValue(), "2030-12-24");
    assert.equal(await field("Due: time of day, or empty for the whole day").inputValue(), "21:30");
    assert.equal(await field("Due: time zone").inputValue(), "Asia/Tokyo");
    const zone = await page.evaluate(() => Intl.DateTimeFormat().resolvedOptions().timeZone);
    const here = new Date("2030-12-24T21:30+09:00").toLocaleTimeString("en", {
      timeZone: zone,
      timeStyle: "short",
    });
    await row(page, "travel").getByText(here.replaceAll(/\s/g, " ")).waitFor();
    await hand.press(panel.getByRole("button", { name: "Remove the due date" }));
    await hand.press(panel.getByRole("button", { name: "Remove the start date" }));
    await save();
    assert.equal(await field("Start: day").inputValue(), "");
    assert.equal(await row(page, "travel").locator(".facts-line").count(), 0);
  },

  "the last hour of the calendar can be shown where it is over": async (stage, Hand) => {
    const { page, hand } = await withTasks(stage, Hand, "never");
    await hand.press(link(page, "never"));
    const field = (name) => panelOf(page).getByLabel(name, { exact: true });
    await typeParts(page, hand, field("Due: day"), "12319999");
    await typeParts(page, hand, field("Due: time of day, or empty for the whole day"), "1130PM");
    await choose(page, hand, field("Due: time zone"), "Pacific/Pago Pago");
    await hand.press(panelOf(page).getByRole("button", { name: "Save" }));
    await row(page, "never").getByText("Dec 31, 9999").waitFor();
    await panelOf(page).getByRole("button", { name: "Save" }).waitFor({ state: "detached" });
  },

  "a subtask is completed, and made a task of its own": async (stage, Hand) => {
    const { visitor, page, hand } = await withTasks(stage, Hand, "feast");
    await hand.press(link(page, "feast"));
    const panel = panelOf(page);
    for (const title of ["cook", "lay the table"]) {
      await hand.type(panel.getByLabel("Add a subtask"), title);
      await page.keyboard.press("Enter");
    }
    await hand.press(panel.getByRole("checkbox", { name: "Complete “cook”" }));
    await panel.getByText("1 of 2").waitFor();
    await visitor.settled();
    await hand.press(panel.getByRole("link", { name: "lay the table" }));
    await eventually("the subtask", async () => {
      return (await panel.getByLabel("Title", { exact: true }).inputValue()) === "lay the table";
    });
    await hand.press(panel.getByRole("button", { name: "More" }));
    await hand.press(page.getByRole("menuitem", { name: "Make it a task of its own" }));
    await visitor.settled();
    await hand.press(panel.getByRole("button", { name: "Close the task" }));
    await page.reload();
    await link(page, "lay the table").waitFor();
    assert.equal(await rows(page).count(), 2);
  },

  "a filtered view and an open task survive the login": async (stage, Hand) => {
    const { visitor, page, hand } = await withTasks(stage, Hand, "pears", "apples");
    await hand.press(link(page, "pears"));
    await panelOf(page).getByLabel("Title", { exact: true }).waitFor();
    assert.deepEqual(await page.locator(".nav [aria-current]").allTextContents(), ["Inbox"]);
    const addresses = ["/inbox?sort=title", new URL(page.url()).pathname];
    await page.close();
    for (const address of addresses) {
      await visitor.context.clearCookies();
      const again = await visitor.open(address);
      await visitor.isSignedOut(again);
      await visitor.logIn(again, Hand);
      await shows(again, address.includes("sort") ? ["apples", "pears"] : ["pears", "apples"]);
      assert.equal(again.url(), origin + address);
      if (address.startsWith("/tasks")) {
        await eventually("the task", async () => {
          return (await panelOf(again).getByLabel("Title", { exact: true }).inputValue()) === "pears";
        });
      }
      await again.close();
    }
  },

  "the theme stays as it was chosen, and keys can be turned off": async (stage, Hand) => {
    const visitor = await stage.visitor({ colorScheme: "light" });
    const page = await visitor.signUp(Hand);
    const hand = new Hand(page);
    const theme = () => page.evaluate(() => getComputedStyle(document.documentElement).colorScheme);
    assert.equal(await theme(), "light dark");
    await hand.press(page.getByRole("button", { name: "Do something…" }).first());
    await page.keyboard.type("dark theme");
    const option = page.getByRole("option", { name: "Use the dark theme" });
    if (Hand === Mouse) await option.click();
    else await page.keyboard.press("Enter");
    await eventually("it is dark", async () => (await theme()) === "dark");
    await page.reload();
    await visitor.isSignedIn(page);
    assert.equal(await theme(), "dark");
    await page.getByText("Nothing to do").waitFor();
    await page.keyboard.press("?");
    await hand.press(page.getByLabel("Keys work without Ctrl or ⌘"));
    await page.keyboard.press("Escape");
    await page.keyboard.press("?");
    await page.keyboard.press("g");
    await page.keyboard.press("t");
    assert.equal(await page.getByRole("dialog").count(), 0);
    assert.equal(new URL(page.url()).pathname, "/");
  },
};

await perform({
  ...byBoth(scenes),
  "the sidebar shows the list that is open, however many there are": async (stage) => {
    const visitor = await stage.visitor({ viewport: { width: 1280, height: 500 } });
    const page = await visitor.signUp();
    const names = ["Alpha", "Beta", "Gamma", "Delta", "Epsilon", "Zeta"];
    const hand = new Mouse(page);
    for (const name of names) await makeList(page, hand, name);
    const isSeen = async (name) => {
      const boxes = [page.getByRole("link", { name }), page.locator(".sidebar-scroll")];
      const [inner, outer] = await Promise.all(boxes.map((box) => box.boundingBox()));
      return inner.y >= outer.y && inner.y + inner.height <= outer.y + outer.height;
    };
    await page.keyboard.press("ControlOrMeta+k");
    await page.keyboard.type("go to inbox");
    await page.keyboard.press("Enter");
    await eventually("the inbox is seen", () => isSeen("Inbox"));
    assert.equal(await isSeen("Zeta"), false);
    await page.goBack();
    await page.getByRole("heading", { name: "Zeta", level: 1 }).waitFor();
    await eventually("the last list is seen", () => isSeen("Zeta"));
    await page.reload();
    await page.getByRole("link", { name: "Zeta" }).waitFor();
    await eventually("the last list is seen again", () => isSeen("Zeta"));
  },

  "single keys do what the list of keys says": async (stage) => {
    const { visitor, page } = await withTasks(stage, Keyboard, "one", "two", "three");
    const press = async (...all) => {
      for (const key of all) await page.keyboard.press(key);
    };
    await press("Escape", "g", "t");
    await page.getByRole("heading", { name: "Today", level: 1 }).waitFor();
    await press("g", "i");
    await shows(page, ["one", "two", "three"]);
    await press("j", "j", "e");
    await eventually("it is done", async () => {
      return (await tick(page, "two").getAttribute("aria-checked")) === "true";
    });
    await visitor.settled();
    await press("z");
    await eventually("it is not done", async () => {
      return (await tick(page, "two").getAttribute("aria-checked")) === "false";
    });
    await press("u");
    await shows(page, ["two", "one", "three"]);
    await press("x", "Shift+ArrowDown");
    await page.getByText("2 chosen").waitFor();
    await press("Escape");
    await page.getByRole("toolbar").waitFor({ state: "detached" });
    await press("o");
    await panelOf(page).waitFor();
    await press("Escape");
    await panelOf(page).waitFor({ state: "detached" });
    await press("n");
    await page.keyboard.type("four");
    await press("Enter", "Escape");
    await row(page, "four").waitFor();
    await press("k", "Delete");
    await eventually("one less", async () => (await rows(page).count()) === 3);
    await stage.assertNoPointers();
  },
});
