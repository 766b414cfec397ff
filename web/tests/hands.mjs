// Two ways to use the page: by the mouse, and by the keyboard alone. Both make real input events.

import assert from "node:assert/strict";

/** Points, clicks, and types where it clicked. */
export class Mouse {
  constructor(page) {
    this.page = page;
  }

  async press(target) {
    await target.click();
  }

  /** Replaces the text of a field. */
  async type(field, text) {
    await field.click();
    await this.page.keyboard.press("ControlOrMeta+a");
    await this.page.keyboard.type(text);
  }
}

/** Never points: walks to where it wants to go by Tab, and by arrows in a menu. */
export class Keyboard {
  constructor(page) {
    this.page = page;
  }

  async press(target) {
    await this.reach(target);
    const isBox = (await target.getAttribute("type")) === "checkbox";
    await this.page.keyboard.press(isBox ? "Space" : "Enter");
  }

  async type(field, text) {
    await this.reach(field);
    await this.page.keyboard.press("ControlOrMeta+a");
    await this.page.keyboard.type(text);
  }

  /** Looks where the focus is, and moves on. */
  async reach(target) {
    await target.waitFor();
    const isAt = () => target.evaluate((element) => element === document.activeElement);
    if (await target.evaluate((element) => element.closest("[data-id]") !== null)) {
      await this.#walkToRow(target);
      if (!(await isAt())) await this.page.keyboard.press("Shift+Tab");
      assert.ok(await isAt(), `the keyboard does not get to ${target} in its row`);
      return;
    }
    const inMenu = (await target.getAttribute("role")) === "menuitem";
    await this.#pressUntil(inMenu ? "ArrowDown" : "Tab", isAt, target);
  }

  /** One row of the list has the focus, the arrows go from row to row. */
  async #walkToRow(target) {
    const isInList = () => this.page.evaluate(() => document.activeElement.closest("[data-id]") !== null);
    const isInRow = () =>
      target.evaluate((element) => element.closest("[data-id]").contains(document.activeElement));
    await this.#pressUntil("Tab", isInList, target);
    await this.page.keyboard.press("Home");
    await this.#pressUntil("ArrowDown", isInRow, target);
  }

  async #pressUntil(key, isThere, target) {
    for (let steps = 0; steps < 300; steps++) {
      if (await isThere()) return;
      await this.page.keyboard.press(key);
    }
    assert.fail(`the keyboard does not get to ${target}`);
  }
}
