// What people do with their tasks: by the mouse, and again by the keyboard alone.

import { assert, byBoth, eventually, Keyboard, Mouse, perform } from "./stage.mjs";
import { add, hold, link, makeList, panelOf, row, shows, showsAll, tick, withTasks } from "./task-list.mjs";

const markup = `<img src=x onerror="document.title='run'"><b>bold</b>`;

async function toast(page, hand, name) {
  await hand.press(page.getByRole("status").getByRole("button", { name }));
}

const scenes = {
  "a line is understood and becomes a task": async (stage, Hand) => {
    const visitor = await stage.visitor();
    const page = await visitor.signUp(Hand);
    const hand = new Hand(page);
    await hand.type(page.getByLabel("Add a task"), "call Ann tomorrow 5pm !high #home");
    for (const part of ["due: ", "priority: ", "label: "]) {
      await page.locator("#quick-add-parts").getByText(part).waitFor();
    }
    await page.keyboard.press("Enter");
    await link(page, "call Ann").waitFor();
    assert.equal(await link(page, "call Ann").textContent(), "call Ann");
    for (const fact of ["High", "#home", /5:00\sPM/]) await row(page, "call Ann").getByText(fact).waitFor();
    // What only sounds like a date stays in the title.
    await add(page, hand, "a 5 min talk about the weekend");
    await link(page, "a 5 min talk about the weekend").waitFor();
    await visitor.settled();
    await page.reload();
    for (const fact of ["High", "#home", /5:00\sPM/]) await row(page, "call Ann").getByText(fact).waitFor();
  },

  "a new task stays in view while the server is asked for its place": async (stage, Hand) => {
    const { visitor, page, hand } = await withTasks(stage, Hand, "old news");
    await hand.press(page.getByRole("link", { name: "All tasks" }));
    await shows(page, ["old news"]);
    await visitor.settled();
    const asked = page.waitForRequest("**/*.TaskService/ListTasks");
    const letGo = await hold(page, "ListTasks");
    await add(page, hand, "news");
    await asked;
    await hand.press(page.getByRole("link", { name: "news", exact: true }));
    await panelOf(page).waitFor();
    letGo();
    await shows(page, ["news", "old news"]);
  },

  "what is added to a view in which it does not belong is not there the next time": async (stage, Hand) => {
    const { visitor, page, hand } = await withTasks(stage, Hand, "burning !urgent");
    for (const place of ["Inbox", "All tasks"]) {
      await hand.press(page.getByRole("link", { name: place }));
      await visitor.settled();
      await page.goto(`${page.url()}?priority=HIGH`);
      await shows(page, ["burning"]);
      await add(page, hand, "calm");
      await link(page, "calm").waitFor();
      await visitor.settled();
      await hand.press(page.getByRole("link", { name: "Today" }));
      await page.getByRole("heading", { name: "Today", level: 1 }).waitFor();
      await page.goBack();
      await shows(page, ["burning"]);
    }
  },

  "who is at a task goes with it to another place": async (stage, Hand) => {
    const { visitor, page, hand } = await withTasks(stage, Hand, "soon tomorrow", "sooner tomorrow !high");
    await hand.press(page.getByRole("link", { name: "Upcoming" }));
    await shows(page, ["sooner", "soon"]);
    await visitor.settled();
    const letGo = await hold(page, "ListTasks");
    await add(page, hand, "later in 5 days");
    await shows(page, ["later", "sooner", "soon"]);
    await hand.press(link(page, "later"));
    await panelOf(page).waitFor();
    if (Hand === Keyboard) await hand.reach(link(page, "later"));
    letGo();
    await shows(page, ["sooner", "soon", "later"]);
    await eventually("the focus is there", () =>
      link(page, "later").evaluate((element) => element === document.activeElement),
    );
  },

  "completing can be taken back to the state it had": async (stage, Hand) => {
    const visitor = await stage.visitor();
    const page = await visitor.signUp(Hand);
    const hand = new Hand(page);
    await add(page, hand, "water the plants");
    await hand.press(link(page, "water the plants"));
    await hand.press(panelOf(page).getByRole("button", { name: "More" }));
    await hand.press(page.getByRole("menuitem", { name: "Begin" }));
    await row(page, "water the plants").getByText("Begun").waitFor();
    await hand.press(panelOf(page).getByRole("button", { name: "Close the task" }));
    await hand.press(tick(page, "water the plants"));
    await toast(page, hand, "Undo");
    await row(page, "water the plants").getByText("Begun").waitFor();
    await visitor.settled();
    await page.reload();
    await row(page, "water the plants").getByText("Begun").waitFor();
  },

  "the tab asks before it is left while a change is under way, and only then": async (stage, Hand) => {
    const visitor = await stage.visitor();
    const page = await visitor.signUp(Hand);
    const asked = [];
    page.on("dialog", async (dialog) => {
      asked.push(dialog.type());
      await dialog.dismiss();
    });
    const letGo = await hold(page, "CreateTask");
    await add(page, new Hand(page), "not lost");
    void page.reload().catch(() => undefined);
    await eventually("the tab asks", () => asked.length > 0);
    letGo();
    await visitor.settled();
    await page.reload();
    await shows(page, ["not lost"]);
    assert.deepEqual(asked, ["beforeunload"]);
  },

  "what is said in passing can be answered in front of a dialog": async (stage, Hand) => {
    const visitor = await stage.visitor();
    const page = await visitor.signUp(Hand);
    const hand = new Hand(page);
    await add(page, hand, "water the plants");
    await hand.press(tick(page, "water the plants"));
    await page.getByRole("status").getByText("Completed.").waitFor();
    await page.keyboard.press("ControlOrMeta+k");
    await hand.press(page.getByRole("dialog").getByRole("button", { name: "Undo" }));
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await visitor.settled();
    await page.reload();
    await shows(page, ["water the plants"]);
    // Outside of dialogs it is where it was.
    await hand.press(tick(page, "water the plants"));
    await toast(page, hand, "Undo");
  },

  "every field is changed, and markup is text": async (stage, Hand) => {
    const visitor = await stage.visitor();
    const page = await visitor.signUp(Hand);
    const hand = new Hand(page);
    await add(page, hand, "plain");
    await hand.press(link(page, "plain"));
    const panel = panelOf(page);
    await hand.type(panel.getByLabel("Title", { exact: true }), markup);
    await hand.type(panel.getByLabel("Notes"), `${markup} and a word`);
    await hand.type(panel.getByLabel("Labels"), "home");
    await page.keyboard.press("Enter");
    await hand.type(panel.getByLabel("Add a subtask"), "a smaller step");
    await page.keyboard.press("Enter");
    await hand.press(panel.getByRole("button", { name: "Save" }));
    await panel.getByRole("button", { name: "Save" }).waitFor({ state: "detached" });
    await link(page, markup).waitFor();
    await visitor.settled();
    await page.reload();
    await eventually("the notes", async () =>
      (await panel.getByLabel("Notes").inputValue()).endsWith("and a word"),
    );
    assert.equal(await panel.getByLabel("Title", { exact: true }).inputValue(), markup);
    await panel.getByText("a smaller step").waitFor();
    assert.equal(await page.locator("img, b").count(), 0);
    assert.notEqual(await page.title(), "run");
    await hand.type(panel.getByLabel("Notes"), "lost?");
    await hand.press(page.getByRole("link", { name: "Inbox" }));
    await hand.press(page.getByRole("button", { name: "Stay" }));
    assert.equal(await panel.getByLabel("Notes").inputValue(), "lost?");
  },

  "a list is made, filled and renamed": async (stage, Hand) => {
    const visitor = await stage.visitor();
    const page = await visitor.signUp(Hand);
    const hand = new Hand(page);
    await makeList(page, hand, "Garden");
    await add(page, hand, "plant beans");
    await shows(page, ["plant beans"]);
    await hand.press(page.getByRole("button", { name: "This list" }));
    await hand.press(page.getByRole("menuitem", { name: "Rename…" }));
    await hand.type(page.getByRole("textbox", { name: "Name" }), "Allotment");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Allotment", level: 1 }).waitFor();
    await hand.press(page.getByRole("link", { name: "Inbox" }));
    await page.getByRole("heading", { name: "Inbox", level: 1 }).waitFor();
    await page.goBack();
    await shows(page, ["plant beans"]);
  },

  "what is deleted is in the trash, and comes back": async (stage, Hand) => {
    const visitor = await stage.visitor();
    const page = await visitor.signUp(Hand);
    const hand = new Hand(page);
    await add(page, hand, "old news");
    await hand.press(link(page, "old news"));
    await hand.press(panelOf(page).getByRole("button", { name: "More" }));
    await hand.press(page.getByRole("menuitem", { name: "Delete" }));
    await shows(page, []);
    await hand.press(page.getByRole("link", { name: "Trash" }));
    await hand.press(tick(page, "old news"));
    await shows(page, []);
    await hand.press(page.getByRole("link", { name: "Inbox" }));
    await shows(page, ["old news"]);
  },

  "the trash is looked into before what is deleted has got there": async (stage, Hand) => {
    const { page, hand } = await withTasks(stage, Hand, "old news");
    const letGo = await hold(page, "DeleteTask");
    await hand.press(link(page, "old news"));
    await hand.press(panelOf(page).getByRole("button", { name: "More" }));
    await hand.press(page.getByRole("menuitem", { name: "Delete" }));
    await hand.press(page.getByRole("link", { name: "Trash" }));
    await page.getByText("The trash is empty").waitFor();
    letGo();
    await shows(page, ["old news"]);
  },

  "tasks are put into another order": async (stage, Hand) => {
    const { visitor, page, hand } = await withTasks(stage, Hand, "one", "two", "three");
    if (Hand === Keyboard) {
      await hand.reach(link(page, "three"));
      await page.keyboard.press("Alt+ArrowUp");
      await page.keyboard.press("Alt+ArrowUp");
    } else {
      // The page gets ready for dragging a while after the list is seen.
      await page.locator(".tasks-view[data-drop-target-for-element]").waitFor();
      const from = await row(page, "three").boundingBox();
      const to = await row(page, "one").boundingBox();
      await page.mouse.move(from.x + from.width / 2, from.y + from.height / 2);
      await page.mouse.down();
      await page.mouse.move(from.x + from.width / 2, from.y + from.height / 2 + 12, { steps: 4 });
      await page.mouse.move(to.x + to.width / 2, to.y + to.height * 0.2, { steps: 10 });
      await page.locator(".row-drop-before", { hasText: "one" }).waitFor();
      await page.mouse.up();
    }
    await shows(page, ["three", "one", "two"]);
    await visitor.settled();
    await page.reload();
    await shows(page, ["three", "one", "two"]);
  },

  "a task is put under another one, and taken out again": async (stage, Hand) => {
    const { visitor, page, hand } = await withTasks(stage, Hand, "pack", "buy boxes", "sweep");
    const panel = panelOf(page);
    if (Hand === Keyboard) {
      await hand.reach(link(page, "buy boxes"));
      await page.keyboard.press(">");
    } else {
      await hand.press(link(page, "buy boxes"));
      await hand.press(panel.getByRole("button", { name: "More" }));
      await hand.press(page.getByRole("menuitem", { name: "Put it under another task…" }));
    }
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("option").first().waitFor();
    assert.deepEqual((await dialog.getByRole("option").allTextContents()).sort(), ["pack", "sweep"]);
    await hand.type(dialog.getByRole("combobox"), "pa");
    await eventually("one is found", async () => (await dialog.getByRole("option").count()) === 1);
    if (Hand === Keyboard) await page.keyboard.press("Enter");
    else await hand.press(dialog.getByRole("option", { name: "pack" }));
    await shows(page, ["pack", "sweep"]);
    await hand.press(link(page, "pack"));
    await hand.press(panel.getByRole("link", { name: "buy boxes" }));
    await panel.getByRole("link", { name: "pack" }).waitFor();
    await visitor.settled();
    await page.reload();
    await panel.getByRole("link", { name: "pack" }).waitFor();
    if (Hand === Keyboard) {
      await hand.reach(panel.getByRole("button", { name: "Close the task" }));
      await page.keyboard.press("<");
    } else await hand.press(panel.getByRole("button", { name: "Make it a task of its own" }));
    await showsAll(page, ["pack", "buy boxes", "sweep"]);
    await toast(page, hand, "Undo");
    await shows(page, ["pack", "sweep"]);
    await visitor.settled();
    await page.reload();
    await panel.getByRole("link", { name: "pack" }).waitFor();
  },

  "several are changed at once": async (stage, Hand) => {
    const { visitor, page, hand } = await withTasks(stage, Hand, "one", "two", "three");
    await hand.press(page.getByRole("button", { name: "Choose several" }));
    await hand.press(tick(page, "one"));
    await hand.press(tick(page, "two"));
    await page.getByText("2 chosen").waitFor();
    await hand.press(page.getByRole("button", { name: "Set the priority" }));
    await hand.press(page.getByRole("menuitem", { name: "Urgent" }));
    for (const title of ["one", "two"]) await row(page, title).getByText("Urgent").waitFor();
    assert.equal(await row(page, "three").getByText("Urgent").count(), 0);
    await hand.press(page.getByRole("button", { name: "Choose several" }));
    await hand.press(tick(page, "one"));
    await hand.press(tick(page, "three"));
    await hand.press(page.getByRole("toolbar").getByRole("button", { name: "Delete" }));
    await shows(page, ["two"]);
    await visitor.settled();
    await page.reload();
    await shows(page, ["two"]);
  },

  "what leaves the view is not chosen any more": async (stage, Hand) => {
    const { page, hand } = await withTasks(stage, Hand, "one", "two");
    await hand.press(page.getByRole("button", { name: "Choose several" }));
    await hand.press(tick(page, "two"));
    await hand.press(tick(page, "one"));
    await page.getByText("2 chosen").waitFor();
    await page.keyboard.press("e");
    await shows(page, ["two"]);
    await page.getByText("1 chosen").waitFor();
    await hand.press(page.getByRole("toolbar").getByRole("button", { name: "Delete" }));
    await shows(page, []);
    await hand.press(page.getByRole("link", { name: "Trash" }));
    await shows(page, ["two"]);
  },

  "of several that are completed, those that stayed as they were are named": async (stage, Hand) => {
    const { visitor, page, hand } = await withTasks(stage, Hand, "one", "two", "three");
    const elsewhere = await stage.visitor();
    elsewhere.email = visitor.email;
    const other = await elsewhere.open("/inbox");
    await elsewhere.logIn(other);
    await new Mouse(other).press(link(other, "two"));
    await new Mouse(other).press(panelOf(other).getByRole("button", { name: "More" }));
    await hand.press(page.getByRole("button", { name: "Choose several" }));
    for (const title of ["one", "two", "three"]) await hand.press(tick(page, title));
    // This tab hears nothing of what is done in the other one until it asks for something itself.
    const letGo = await hold(page, "ListTasks");
    await new Mouse(other).press(other.getByRole("menuitem", { name: "Delete" }));
    await shows(other, ["one", "three"]);
    await elsewhere.settled();
    await hand.press(page.getByRole("toolbar").getByRole("button", { name: "Complete" }));
    const said = await page.getByRole("status").getByText("1 of 3 were not completed.").textContent();
    assert.match(said, /“two”: \S/);
    assert.doesNotMatch(said, /“one”|“three”/);
    // What was done elsewhere is shown, and what was done here has come about.
    await shows(page, []);
    letGo();
    await hand.press(page.getByRole("link", { name: "Trash" }));
    await shows(page, ["two"]);
  },

  "tasks are filtered by controls and by the filter's text": async (stage, Hand) => {
    const visitor = await stage.visitor();
    const page = await visitor.signUp(Hand);
    const hand = new Hand(page);
    await add(page, hand, "calm", "pressing !high", "burning !urgent");
    await showsAll(page, ["calm", "pressing", "burning"]);
    await hand.press(page.getByRole("button", { name: "Filter and sort" }));
    const priority = page.getByLabel("Filter and sort").getByLabel("Priority");
    await hand.reach?.(priority);
    if (Hand === Mouse) await priority.click();
    await page.keyboard.type("High");
    if (Hand === Mouse) await page.keyboard.press("Enter");
    await showsAll(page, ["pressing", "burning"]);
    await hand.press(page.getByText("As a filter"));
    await hand.type(page.getByLabel("Filter in the server's language"), 'title:"calm"');
    await page.keyboard.press("Enter");
    await shows(page, ["calm"]);
    await page.reload();
    await shows(page, ["calm"]);
  },

  "of two tabs that change one task, the later one shows both versions": async (stage, Hand) => {
    const visitor = await stage.visitor();
    const page = await visitor.signUp(Hand);
    const hand = new Hand(page);
    await add(page, hand, "shared");
    await hand.press(link(page, "shared"));
    const panel = panelOf(page);
    await panel.getByLabel("Title", { exact: true }).waitFor();
    await visitor.settled();
    const elsewhere = await stage.visitor();
    elsewhere.email = visitor.email;
    const other = await elsewhere.open(new URL(page.url()).pathname);
    await elsewhere.logIn(other);
    const second = panelOf(other);
    await hand.type(panel.getByLabel("Title", { exact: true }), "mine");
    await new Mouse(other).type(second.getByLabel("Title", { exact: true }), "theirs");
    await new Mouse(other).press(second.getByRole("button", { name: "Save" }));
    await second.getByRole("button", { name: "Save" }).waitFor({ state: "detached" });
    await hand.press(panel.getByRole("button", { name: "Save" }));
    const dialog = page.getByRole("dialog", { name: "Changed in two places" });
    await dialog.getByRole("cell", { name: "mine" }).waitFor();
    await dialog.getByRole("cell", { name: "theirs" }).waitFor();
    await hand.press(dialog.getByRole("button", { name: "Make my change" }));
    await link(page, "mine").waitFor();
    await visitor.settled();
    await page.reload();
    await eventually(
      "mine it is",
      async () => (await panel.getByLabel("Title", { exact: true }).inputValue()) === "mine",
    );
  },
};

await perform(byBoth(scenes));
