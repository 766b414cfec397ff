// Looks at a page as people see it, in both themes: pictures, what can be read, and what axe says.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { faultsOf } from "./measure.mjs";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const grave = ["moderate", "serious", "critical"];

/** Devices that the page is at home on. */
export const devices = {
  desktop: { viewport: { width: 1280, height: 800 }, reducedMotion: "reduce" },
  phone: { viewport: { width: 360, height: 740 }, reducedMotion: "reduce", isMobile: true, hasTouch: true },
};

/** Looks at the tabs of one visitor, on one device; what it finds wrong is told at the end. */
export class Eyes {
  #faults = [];

  constructor(visitor, device) {
    this.visitor = visitor;
    this.device = device;
  }

  /** Looks at what a tab shows, once it has all of it. */
  async see(page, name) {
    await this.visitor.settled(80);
    await page.mouse.move(0, 0);
    await painted(page);
    const where = `${name}-${this.device}`;
    this.#note(where, await faultsOf(page));
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      if (colorScheme === "dark") await painted(page);
      // A theme has colours of its own, and nothing else.
      this.#note(`${where}-${colorScheme}`, await axeFaultsOf(page, colorScheme === "dark"));
      await this.visitor.picture(page, `${where}-${colorScheme}`);
    }
    await page.emulateMedia({ colorScheme: "light" });
  }

  #note(where, faults) {
    this.#faults.push(...faults.map((fault) => `${where}: ${fault}`));
  }

  assertNoFaults() {
    assert.deepEqual(this.#faults, [], "what is wrong with what is seen");
  }
}

/** Waits until what has changed is seen. */
function painted(page) {
  return page.evaluate(async () => {
    await document.fonts.ready;
    await new Promise(requestAnimationFrame);
    const fading = document.getAnimations().filter((animation) => animation instanceof CSSTransition);
    await Promise.allSettled(fading.map(({ finished }) => finished));
  });
}

/** What axe finds of impact moderate or worse, by all of its rules but those of WCAG's level AAA. */
export async function axeFaultsOf(page, coloursOnly = false) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe);
  const violations = await page.evaluate(async (only) => {
    const { axe } = window;
    const rules = axe
      .getRules(only ? ["cat.color"] : undefined)
      .filter(({ tags }) => !tags.includes("wcag2aaa"));
    const runOnly = rules.map(({ ruleId }) => ruleId);
    return (await axe.run(document, { runOnly, resultTypes: ["violations"] })).violations;
  }, coloursOnly);
  return violations
    .filter(({ impact }) => grave.includes(impact))
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" ")}`);
}
