// How fast the page is, in numbers: `cargo xtask page figures` starts the pair and plays this. It asserts nothing.
//
// It signs somebody up, gives them 10,000 tasks in their inbox, and looks at them in a headless Chromium:
//
// - The first load: signed in, with an empty cache; from navigation to the paint that shows the first tasks and quick add.
//   Scripts are counted as they come over the network, headers included.
// - Scrolling from end to end, by wheel events that come with each frame of the screen, whether or not the page is done with
//   the one before. (`page.mouse.wheel` would not do: DevTools keeps each event back until the main thread has brought out
//   a frame, and what was not asked for yet cannot be late.) From a trace: the longest tasks of the page's main thread by
//   the clock, and by the processor time that they had, which others on the machine do not make longer; and the longest
//   gaps between two frames that were drawn, from the first turn of the wheel that the page takes to the last.
// - Typing into quick add: Event Timing's duration, from the key to the paint after it (it counts in steps of 8 ms),
//   Enter included.
//
// On a virtual machine of Linux, it says which part of the time the host gave to others.

import { readFile } from "node:fs/promises";
import { createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { chromium } from "playwright-core";
import { runnerImport } from "vite";

const origin = process.env.DUET_ORIGIN;
const TASKS = 10_000;
const BATCH = 100;
const LOADS = 5;
/** How fast is scrolled, in pixels a second, how far in one gesture, and where the pointer is. */
const SPEED = 15_000;
const STRETCH = 60_000;
const AT = { x: 700, y: 500 };

const browser = await chromium.launch({
  executablePath: process.env.DUET_CHROMIUM,
  args: ["--no-sandbox", "--disable-dev-shm-usage"],
});
const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });

async function signUp() {
  const page = await context.newPage();
  let authorization;
  page.on("request", (request) => (authorization = request.headers()["authorization"] ?? authorization));
  await page.goto(`${origin}/signup`);
  await page.getByLabel("E-mail address").fill(`ada-${Date.now()}@example.org`);
  await page.getByLabel("Password", { exact: true }).fill("Xk9mPq2vL");
  await page.getByRole("button", { name: "Make the account" }).click();
  await page.getByLabel("Add a task").waitFor();
  while (!authorization) await page.waitForTimeout(50);
  await page.close();
  return authorization;
}

async function seed(authorization) {
  const { module } = await runnerImport("./src/gen/duet/task/v1/task_service_pb.ts");
  const transport = createGrpcWebTransport({ baseUrl: origin });
  const tasks = createClient(module.TaskService, transport);
  for (let made = 0; made < TASKS; made += BATCH) {
    const requests = Array.from({ length: BATCH }, (_, index) => ({ task: taskOf(made + index) }));
    await tasks.batchCreateTasks({ requests }, { headers: { authorization } });
  }
}

/** As different from each other as people's tasks are. */
function taskOf(index) {
  const verb = ["call", "write", "buy", "mend", "read"][index % 5];
  const what = [
    "the letter",
    "a present",
    "the bicycle",
    "milk and bread",
    "the long book that has been lying there since the summer before last, and give it back to whoever it belongs to",
  ][Math.floor(index / 5) % 5];
  const day = new Date(Date.now() + ((index % 40) - 5) * 86_400_000).toISOString().slice(0, 10);
  return {
    title: `${verb} ${what} (${index + 1})`,
    ...(index % 3 === 0 && { due: { date: day } }),
    ...(index % 4 === 0 && { priority: 1 + (index % 5) }),
    ...(index % 6 === 0 && { labels: ["home"] }),
  };
}

/** One first load: milliseconds until tasks and quick add are painted, and bytes of scripts until then. */
async function load() {
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send("Network.enable");
  await devtools.send("Network.clearBrowserCache");
  const scripts = new Set();
  let bytes = 0;
  devtools.on(
    "Network.responseReceived",
    ({ requestId, type }) => type === "Script" && scripts.add(requestId),
  );
  devtools.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    if (scripts.has(requestId)) bytes += encodedDataLength;
  });
  await page.addInitScript(() => {
    window.painted = new Promise((resolve) => {
      const look = () => {
        const isThere =
          document.querySelector("[data-id]") && document.querySelector(".quick-add input:enabled");
        if (!isThere) return requestAnimationFrame(look);
        requestAnimationFrame(() => setTimeout(() => resolve(performance.now())));
      };
      look();
    });
  });
  await page.goto(origin, { waitUntil: "commit" });
  const milliseconds = await page.evaluate(() => window.painted);
  const first = bytes;
  // What is fetched ahead, once the page is idle, is not needed for the first look.
  await page.waitForTimeout(3_000);
  await page.close();
  return { milliseconds, first, all: bytes };
}

/** Scrolls down (1) or up (-1) until the page goes no further, and answers what a trace says of it. */
async function scroll(page, way) {
  const devtools = await context.newCDPSession(page);
  const events = [];
  devtools.on("Tracing.dataCollected", ({ value }) => events.push(...value));
  const includedCategories = [
    "toplevel",
    "devtools.timeline",
    "disabled-by-default-devtools.timeline",
    "disabled-by-default-devtools.timeline.frame",
    "input",
  ];
  await devtools.send("Tracing.start", { transferMode: "ReportEvents", traceConfig: { includedCategories } });
  const begun = Date.now();
  for (let left = await toEnd(page, way); left > 0; left = await toEnd(page, way)) {
    await devtools.send("Input.synthesizeScrollGesture", {
      ...AT,
      yDistance: -way * Math.min(left, STRETCH),
      speed: SPEED,
      gestureSourceType: "mouse",
    });
  }
  const seconds = (Date.now() - begun) / 1_000;
  const complete = new Promise((resolve) => devtools.once("Tracing.tracingComplete", resolve));
  await devtools.send("Tracing.end");
  await complete;
  return { seconds, ...longest(events) };
}

/** What the work answers, and a remark on how much of the processors' time others had meanwhile. */
async function watched(work) {
  const before = await processors();
  const answer = await work();
  const after = await processors();
  const stolen = (100 * (after.stolen - before.stolen)) / (after.all - before.all);
  return [answer, stolen >= 0 ? `; ${stolen.toFixed(1)} % of the time went to others on the host` : ""];
}

/** What the processors have done since the machine was started, and how much of that was for others; NaN if unknown. */
async function processors() {
  const stat = await readFile("/proc/stat", "utf8").catch(() => "");
  const [user, nice, system, idle, iowait, irq, softirq, stolen] = stat.split(/\s+/).slice(1, 9).map(Number);
  return { stolen, all: user + nice + system + idle + iowait + irq + softirq + stolen };
}

/** How far the page can still be scrolled, in pixels. */
function toEnd(page, way) {
  return page.evaluate((down) => {
    const { scrollHeight, clientHeight } = document.documentElement;
    return Math.floor(down ? scrollHeight - clientHeight - scrollY : scrollY);
  }, way > 0);
}

/** In milliseconds: the longest tasks of the main thread, and the longest gaps between frames that were drawn. */
function longest(events) {
  const { pid, tid } = events.find(
    ({ name, args }) => name === "FunctionCall" && args?.data?.url?.includes("/assets/"),
  );
  const tasks = events.filter((event) => event.name === "RunTask" && event.pid === pid && event.tid === tid);
  const times = (wanted) =>
    events
      .filter(({ name, pid: process }) => name === wanted && process === pid)
      .map(({ ts }) => ts / 1_000)
      .sort((one, other) => one - other);
  const drawn = times("DrawFrame");
  const ends = times("InputHandlerProxy::HandleGestureScrollEnd");
  // Between two gestures nothing moves, and nothing is drawn.
  const gaps = times("InputHandlerProxy::HandleGestureScrollBegin").flatMap((begin, index) => {
    const during = [begin, ...drawn.filter((time) => time > begin && time < ends[index])];
    return during.slice(1).map((time, before) => time - during[before]);
  });
  const [clock, processor] = ["dur", "tdur"].map((kind) =>
    top(tasks.map((task) => (task[kind] ?? 0) / 1_000)),
  );
  return { frames: drawn.length, clock, processor, gaps: top(gaps) };
}

function top(values) {
  return values
    .sort((one, other) => other - one)
    .slice(0, 5)
    .map((value) => Math.round(value));
}

/** The longest from a key to the paint after it, in milliseconds. */
async function type(page) {
  await page.evaluate(() => {
    window.durations = [];
    new PerformanceObserver((list) =>
      window.durations.push(...list.getEntries().filter(({ name }) => name.startsWith("key"))),
    ).observe({ type: "event", durationThreshold: 16 });
  });
  await page.getByLabel("Add a task").click();
  await page.waitForTimeout(1_000);
  const text = "call Ann and Bob tomorrow 5pm !high #home about the journey";
  await page.keyboard.type(text, { delay: 80 });
  await page.keyboard.press("Enter");
  await page.waitForTimeout(1_000);
  return page.evaluate(() =>
    window.durations.map(({ duration }) => duration).sort((one, other) => other - one),
  );
}

function spread(values) {
  const sorted = values.sort((one, other) => one - other);
  return `min ${sorted[0].toFixed(0)}, median ${sorted[sorted.length >> 1].toFixed(0)}, max ${sorted.at(-1).toFixed(0)}`;
}

await seed(await signUp());
const [loads, whileLoading] = await watched(async () => {
  const all = [];
  for (let run = 0; run < LOADS; run++) all.push(await load());
  return all;
});
console.log(`scripts on first load: ${loads[0].first} B; with what is fetched ahead: ${loads[0].all} B`);
console.log(
  `first tasks shown and quick add ready: ${spread(loads.map((one) => one.milliseconds))} ms${whileLoading}`,
);

const page = await context.newPage();
await page.goto(`${origin}/inbox`);
await page.locator("[data-id]").first().waitFor();
await page.waitForTimeout(3_000);
for (const [way, by] of Object.entries({ down: 1, up: -1 })) {
  const [{ seconds, frames, clock, processor, gaps }, remark] = await watched(() => scroll(page, by));
  const shown = await page
    .locator("[data-id] a")
    .nth(by > 0 ? -1 : 0)
    .textContent();
  console.log(
    `scrolling ${way}, ${seconds.toFixed(1)} s, ${frames} frames, as far as “${shown.slice(-7)}”${remark}:`,
  );
  console.log(`  longest tasks ${clock} ms, by processor time ${processor} ms; longest gaps ${gaps} ms`);
}
const [keys, whileTyping] = await watched(() => type(page));
console.log(
  `keys in quick add: ${keys.length} over 16 ms, longest to paint ${keys.slice(0, 5)} ms${whileTyping}`,
);
await browser.close();
