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

  /** Looks where the focus is, and moves on, until it is there and stays. */
  async reach(target) {
    await target.waitFor();
    const isInMenu = (await target.getAttribute("role")) === "menuitem";
    const end = Date.now() + 60_000;
    for (let steps = 0, stays = 0; steps < 400 && Date.now() < end; steps++) {
      const where = await target.evaluate(whereIsFocus, null, { timeout: 2_000 }).catch(() => "elsewhere");
      if (where === "there" && ++stays === 3) return;
      if (where === "there") await this.page.waitForTimeout(60);
      else await this.page.keyboard.press(isInMenu ? "ArrowDown" : keys[where]);
    }
    assert.fail(`the keyboard does not get to ${target}`);
  }
}

/** What to press from where the focus is; a list of tasks is walked by arrows, round and round. */
const keys = { before: "Tab", behind: "Shift+Tab", above: "ArrowDown", below: "Home", elsewhere: "Tab" };

/** Where the focus is, seen from an element. */
function whereIsFocus(element) {
  const focus = document.activeElement;
  const [row, here] = [element, focus].map((other) => other.closest("[data-id]"));
  if (element === focus) return "there";
  if (!row || !here) return "elsewhere";
  const isAhead = (focus.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0;
  if (row === here) return isAhead ? "before" : "behind";
  return isAhead ? "above" : "below";
}
