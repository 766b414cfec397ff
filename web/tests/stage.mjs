// What every script of this folder stands on: Chromium, the people who use the page in it, and what is kept of them.
//
// `cargo xtask test` runs the scripts against a pair of its own. A script exports nothing: it calls `perform`.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";
import { Keyboard, Mouse } from "./hands.mjs";
import { recordTokens, withinReach } from "./tokens.mjs";

export const origin = provided("DUET_ORIGIN");
/** auth-service's own public port, past Envoy. */
export const authOrigin = provided("DUET_AUTH");
export const pictures = provided("DUET_PICTURES");
const PATIENCE = 20_000;

function provided(variable) {
  const value = process.env[variable];
  assert.ok(value, `${variable} is not set; run \`cargo xtask test\`, which sets it`);
  return value;
}

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** Asks whoever runs the pair for something: `stop auth`, `start task`, `freeze auth`, `thaw auth`. */
export async function ask(wish) {
  console.log(`@ ${wish}`);
  assert.deepEqual(await answers.next(), { value: "done", done: false });
}

/** Plays scenes one after the other, each in a new browser profile, and ends with the number that failed. */
export async function perform(scenes) {
  const browser = await chromium.launch({
    executablePath: provided("DUET_CHROMIUM"),
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });
  await mkdir(pictures, { recursive: true });
  let failed = 0;
  const wanted = new RegExp(process.env.DUET_PAGE_SCENES ?? "");
  const played = Object.entries(scenes).filter(([name]) => wanted.test(name));
  assert.ok(played.length > 0, "no scene is called so");
  for (const [name, scene] of played) {
    const stage = new Stage(browser, name);
    const begun = Date.now();
    try {
      await scene(stage);
      await stage.assertNoTokenWithinReach();
      stage.assertQuiet();
      console.log(`${name}: ok in ${Date.now() - begun} ms`);
    } catch (error) {
      failed += 1;
      console.log(`${name}: FAILED: ${error.stack}`);
      await stage.picturesOfFailure();
    } finally {
      await stage.close();
    }
  }
  await browser.close();
  process.exit(failed === 0 ? 0 : 1);
}

/** Each scene twice: with the mouse, and with the keyboard alone for whoever comes first. */
export function byBoth(scenes) {
  const played = Object.entries(scenes).flatMap(([name, scene]) => [
    [`${name}, by mouse`, (stage) => scene(stage, Mouse)],
    [
      `${name}, by keyboard`,
      async (stage) => {
        await scene(stage, Keyboard);
        await stage.assertNoPointers();
      },
    ],
  ]);
  return Object.fromEntries(played);
}

/** One scene: its browsers, and what they said that nobody should have to hear. */
class Stage {
  #browser;
  #contexts = [];
  #tokens = [];
  #noise = [];
  #expected = [];

  constructor(browser, name) {
    this.#browser = browser;
    this.name = name;
  }

  /** Somebody with a browser of their own. `options` are Playwright's for a context. */
  async visitor(options = {}) {
    const context = await this.#browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    context.setDefaultTimeout(PATIENCE);
    this.#contexts.push(context);
    const tokens = recordTokens(context);
    this.#tokens.push(tokens);
    const visitor = new Visitor(this, context, tokens);
    context.on("page", (page) => this.#listen(page));
    await context.addInitScript(() => {
      window.pointers = 0;
      const count = () => (window.pointers += 1);
      for (const kind of ["pointerdown", "mousedown", "touchstart"]) addEventListener(kind, count, true);
    });
    return visitor;
  }

  /** From now on services may be away, and the browser may say so. */
  expectOutage() {
    this.expectNoise(/^Failed to load resource/);
  }

  /** From now on the console may say this. */
  expectNoise(pattern) {
    this.#expected.push(pattern);
  }

  #listen(page) {
    page.on("pageerror", (error) => this.#noise.push(`${error.stack}`));
    page.on("response", (response) => {
      if (!("access-control-allow-credentials" in response.headers())) return;
      this.#noise.push(`${response.url()} lets pages of other origins use the cookie`);
    });
    page.on("console", (message) => {
      if (message.type() !== "error" && message.type() !== "warning") return;
      if (this.#expected.some((pattern) => pattern.test(message.text()))) return;
      this.#noise.push(`${message.text()} (${message.location().url})`);
    });
  }

  /** Whoever came first has not touched a pointer in any tab since it was loaded. */
  async assertNoPointers() {
    for (const page of this.#contexts[0].pages()) {
      assert.equal(await page.evaluate(() => window.pointers), 0, `by the keyboard alone at ${page.url()}`);
    }
  }

  /** In no tab that is still open is a token that the server has answered to anybody where a script could find it. */
  async assertNoTokenWithinReach() {
    const tokens = (await Promise.all(this.#tokens.map((recorded) => recorded.all()))).flat();
    const pages = this.#contexts.flatMap((context) => context.pages());
    for (const page of pages.filter((tab) => tab.url().startsWith(origin))) {
      const found = (await withinReach(page, tokens)).map((token) => `${token.slice(0, 12)}…`);
      assert.deepEqual(found, [], `tokens within a script's reach at ${page.url()}`);
    }
  }

  assertQuiet() {
    assert.deepEqual(this.#noise, [], "the console is empty");
  }

  async picturesOfFailure() {
    const pages = this.#contexts.flatMap((context) => context.pages());
    for (const [number, page] of pages.entries()) {
      const path = `${pictures}/failed-${this.name.replaceAll(/\W+/g, "-")}-${number}.png`;
      await page.screenshot({ path }).catch(() => undefined);
      console.log(`${this.name}: ${page.url()} looked like ${path}`);
    }
  }

  async close() {
    for (const context of this.#contexts) await context.close();
  }
}

/** What opens the menu of whoever is signed in, by whose name it is called. */
export function accountButton(page) {
  return page.locator("button.account-button:visible");
}

let people = 0;

/** A browser profile, and whoever sits in front of it. */
export class Visitor {
  #underway = new Set();

  email = `ada-${process.pid}-${Date.now()}-${++people}@example.org`;
  password = "Xk9mPq2vL";

  constructor(stage, context, tokens) {
    this.stage = stage;
    this.context = context;
    /** Every token that the server has answered. */
    this.tokens = tokens;
    context.on("request", (request) => {
      if (new URL(request.url()).pathname.startsWith("/duet.")) this.#underway.add(request);
    });
    for (const end of ["requestfinished", "requestfailed"]) {
      context.on(end, (request) => this.#underway.delete(request));
    }
  }

  /** Opens a tab at an address of the page. */
  async open(address = "/") {
    const page = await this.context.newPage();
    await page.goto(origin + address);
    return page;
  }

  /** Signs up in a new tab, and is at the tasks then. */
  async signUp(Hand = Mouse) {
    const page = await this.open("/signup");
    const hand = new Hand(page);
    await hand.type(page.getByLabel("Name"), "Ada");
    await hand.type(page.getByLabel("E-mail address"), this.email);
    await hand.type(page.getByLabel("Password", { exact: true }), this.password);
    await hand.press(page.getByRole("button", { name: "Make the account" }));
    await this.isSignedIn(page);
    return page;
  }

  /** Fills in the login form that this tab shows. */
  async logIn(page, Hand = Mouse, password = this.password) {
    const hand = new Hand(page);
    await hand.type(page.getByLabel("E-mail address"), this.email);
    await hand.type(page.getByLabel("Password", { exact: true }), password);
    await hand.press(page.getByRole("button", { name: "Log in" }));
  }

  async logOut(page, Hand = Mouse) {
    const hand = new Hand(page);
    await hand.press(accountButton(page));
    await hand.press(page.getByRole("menuitem", { name: "Log out" }));
  }

  /** Waits until no tab has had a call under way for some milliseconds: what is shown is the server's, too. */
  async settled(quiet = 300) {
    let since = Date.now();
    await eventually("no call is under way", () => {
      if (this.#underway.size > 0) since = Date.now();
      return Date.now() - since > quiet;
    });
  }

  async isSignedIn(page) {
    await accountButton(page).waitFor();
  }

  async isSignedOut(page) {
    await page.getByRole("button", { name: "Log in" }).waitFor();
  }

  async picture(page, name) {
    await page.screenshot({ path: `${pictures}/${name}.png` });
  }
}

/** The names of the RPCs that a context's pages call from now on, in order. */
export function recordCalls(context) {
  const calls = [];
  context.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (request.method() === "POST" && pathname.startsWith("/duet.")) calls.push(pathname.split("/")[2]);
  });
  return calls;
}

/** Waits until a condition holds. */
export async function eventually(what, condition) {
  const end = Date.now() + PATIENCE;
  while (Date.now() < end) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail(`in vain: ${what}`);
}

export { assert, Keyboard, Mouse };
