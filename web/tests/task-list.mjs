// The list of tasks that a tab shows, and the line above it.

import { eventually, Keyboard, Mouse } from "./stage.mjs";

export const rows = (page) => page.getByRole("list", { name: "Tasks" }).locator("[data-id]");
export const row = (page, title) => rows(page).filter({ hasText: title });
export const tick = (page, title) => row(page, title).locator(".tick");
export const link = (page, title) => row(page, title).locator("a");
/** The task that is open beside the list. */
export const panelOf = (page) => page.getByLabel("Task", { exact: true });

const titles = (page) => rows(page).locator("a.row-title").allTextContents();

/** Waits until these titles are shown, in this order. */
export function shows(page, expected) {
  return eventually(`${expected}`, async () => (await titles(page)).join() === expected.join());
}

/** In whatever order. */
export function showsAll(page, expected) {
  const sorted = expected.toSorted().join();
  return eventually(`${expected}`, async () => (await titles(page)).sort().join() === sorted);
}

/** Types lines into quick add. */
export async function add(page, hand, ...lines) {
  for (const line of lines) {
    await hand.type(page.getByLabel("Add a task"), line);
    await page.keyboard.press("Enter");
  }
}

/** Somebody with these tasks in the inbox, who looks at it. */
export async function withTasks(stage, Hand, ...texts) {
  const visitor = await stage.visitor();
  const page = await visitor.signUp(Hand);
  const hand = new Hand(page);
  await hand.press(page.getByRole("link", { name: "Inbox" }));
  await add(page, hand, ...texts);
  await eventually("all are there", async () => (await rows(page).count()) === texts.length);
  await visitor.settled();
  return { visitor, page, hand };
}

/** Holds back every call of a method of task-service; answers how to let them go. */
export async function hold(page, method) {
  let letGo;
  const held = new Promise((resolve) => (letGo = resolve));
  await page.route(`**/duet.task.v1.*/${method}`, async (route) => {
    await held;
    await route.continue();
  });
  return letGo;
}

export async function makeList(page, hand, name) {
  await hand.press(page.getByRole("button", { name: "Make a list" }));
  await hand.type(page.getByRole("textbox", { name: "Name" }), name);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name, level: 1 }).waitFor();
}

/** The same by mouse, and where the list is then. */
export async function placeOfNewList(page, name) {
  await makeList(page, new Mouse(page), name);
  return new URL(page.url()).pathname;
}

/** Types into a field of the browser's own for days and times, from its first part on. */
export async function typeParts(page, hand, field, parts) {
  if (hand instanceof Keyboard) await hand.reach(field);
  else await field.click({ position: { x: 18, y: 20 } });
  await page.keyboard.type(parts);
}
