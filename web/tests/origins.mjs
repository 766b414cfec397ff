// What the browser is told about the page, and what pages of other origins and scripts come to that want the cookie.

import { createServer } from "node:http";
import { assert, authOrigin, eventually, origin, perform } from "./stage.mjs";

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const headers = {
  "content-security-policy": policy,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
};
const closed = ["camera", "microphone", "geolocation", "payment", "usb", "display-capture", "storage-access"];
const service = "/duet.auth.v1.AuthService/";

/** What a browser was answered has every header of the page. */
async function hasEveryHeader(answer) {
  const found = await answer.headersArray();
  const values = (name) =>
    found.filter((header) => header.name.toLowerCase() === name).map(({ value }) => value);
  for (const [name, value] of Object.entries(headers)) {
    assert.deepEqual(values(name), [value], `${name} of ${answer.url()}`);
  }
  const features = values("permissions-policy")[0]?.split(", ") ?? [];
  for (const feature of closed) assert.ok(features.includes(`${feature}=()`), `${feature}: ${features}`);
  assert.ok(features.every((feature) => feature.endsWith("=()")));
  assert.deepEqual(values("access-control-allow-credentials"), []);
}

/** A page of another port of this machine: same site, another origin. */
async function neighbour() {
  const server = createServer((_, answer) =>
    answer.setHeader("content-type", "text/html").end("<title>x</title>"),
  );
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

/** A message of gRPC-web, of fields that are texts or small numbers. */
function framed(...fields) {
  const payload = fields.flatMap((field, index) => {
    if (typeof field === "number") return [((index + 1) << 3) | 0, field];
    const text = [...Buffer.from(field)];
    return [((index + 1) << 3) | 2, text.length, ...text];
  });
  return [0, 0, 0, 0, payload.length, ...payload];
}

/** Answers how to ask for the next POST of a tab: what it carries and how it is answered, as the network saw it. */
async function watch(page) {
  const client = await page.context().newCDPSession(page);
  const seen = new Map();
  const note = (id, what) => seen.set(id, { ...seen.get(id), ...what });
  client.on("Network.requestWillBeSent", ({ requestId, request }) => {
    note(requestId, { method: request.method });
  });
  client.on("Network.requestWillBeSentExtraInfo", ({ requestId, associatedCookies }) => {
    const sent = associatedCookies.filter(({ blockedReasons }) => blockedReasons.length === 0);
    note(requestId, { cookies: sent.map(({ cookie }) => cookie.value) });
  });
  client.on("Network.responseReceivedExtraInfo", ({ requestId, statusCode, headers: answered }) => {
    note(requestId, { status: statusCode, answered });
  });
  client.on("Network.loadingFailed", ({ requestId, corsErrorStatus }) => {
    note(requestId, { isKeptBack: /^Preflight/.test(corsErrorStatus?.corsError) });
  });
  await client.send("Network.enable");
  return async () => {
    const posts = () => [...seen.values()].filter(({ method }) => method === "POST");
    await eventually("the network tells what became of the call", () =>
      posts().some(({ cookies, answered, isKeptBack }) => isKeptBack || (cookies && answered)),
    );
    const [post, ...others] = posts();
    assert.deepEqual(others, []);
    seen.clear();
    return post;
  };
}

/** Calls as a script of a page would; answers what the script gets to see. */
function call(page, url, bytes, mode, type) {
  return page.evaluate(
    async ([address, body, how, kind]) => {
      try {
        const answer = await fetch(address, {
          method: "POST",
          mode: how,
          credentials: "include",
          headers: { "content-type": kind },
          body: Uint8Array.from(body),
        });
        const text = [...new Uint8Array(await answer.arrayBuffer())].map((byte) => String.fromCharCode(byte));
        return {
          type: answer.type,
          status: answer.status,
          headers: [...answer.headers],
          text: text.join(""),
        };
      } catch (error) {
        return { type: String(error) };
      }
    },
    [url, bytes, mode, type],
  );
}

const cookieOf = async (visitor) => (await visitor.context.cookies(origin)).map(({ value }) => value).join();

await perform({
  "the page, a deep link, an asset and an error say what a page may do": async (stage) => {
    const visitor = await stage.visitor();
    const page = await visitor.open("/login");
    await visitor.isSignedOut(page);
    const assets = await page.evaluate(() =>
      performance.getEntriesByType("resource").map(({ name, initiatorType }) => [name, initiatorType]),
    );
    const script = assets.find(([name]) => /\/assets\/[^/]+-[\w-]{8}\.js$/.test(name))?.[0];
    const style = assets.find(([name]) => /\/assets\/[^/]+-[\w-]{8}\.css$/.test(name))?.[0];
    for (const address of ["/", "/account/sessions?x=1.js", "/tasks/0190b0b0-0000-7000-8000-00000000002a"]) {
      const answer = await page.goto(origin + address);
      assert.equal(answer.status(), 200, address);
      await hasEveryHeader(answer);
      await visitor.isSignedOut(page);
    }
    // Chromium looks for a favicon.ico beside whatever is no page.
    stage.expectNoise(/^Failed to load resource.* 404/);
    for (const address of [script, style]) {
      const answer = await page.goto(address);
      assert.equal(answer.status(), 200, address);
      assert.match(answer.headers()["cache-control"], /immutable/);
      await hasEveryHeader(answer);
    }
    for (const address of ["/assets/index-00000000.js", "/assets/"]) {
      const answer = await page.goto(origin + address);
      assert.equal(answer.status(), 404, address);
      await hasEveryHeader(answer);
      assert.equal((await page.content()).includes("<script"), false);
    }
  },

  "what the page is not told to trust does not run, and it is in nobody's frame": async (stage) => {
    const visitor = await stage.visitor();
    const page = await visitor.open("/login");
    await visitor.isSignedOut(page);
    stage.expectNoise(/Content Security Policy/);
    const refused = new Set();
    await page.exposeFunction("refuse", (directive) => refused.add(directive));
    await page.evaluate(async (elsewhere) => {
      addEventListener("securitypolicyviolation", (event) => window.refuse(event.effectiveDirective));
      const add = (name, given) => document.body.append(Object.assign(document.createElement(name), given));
      add("script", { textContent: "window.ran = true" });
      add("script", { src: `${elsewhere}/x.js` });
      add("style", { textContent: "body { display: none }" });
      add("img", { src: `${elsewhere}/x.png` });
      add("base", { href: elsewhere });
      await fetch(elsewhere).catch(() => undefined);
      document.querySelector("form").setAttribute("onsubmit", "window.ran = true");
    }, authOrigin);
    const all = "base-uri connect-src img-src script-src-attr script-src-elem style-src-elem";
    await eventually(`refused is ${all}`, () => [...refused].sort().join(" ") === all);
    assert.equal(await page.evaluate(() => "ran" in window), false);
    const other = await neighbour();
    const framing = await visitor.context.newPage();
    stage.expectNoise(/frame-ancestors|^Failed to load resource/);
    await framing.goto(other.origin);
    await framing.evaluate((address) => {
      document.body.append(Object.assign(document.createElement("iframe"), { src: address }));
    }, origin);
    await eventually("the frame shows an error", () => /^chrome-error:/.test(framing.frames()[1]?.url()));
    other.close();
  },

  "a script in the page does not get at the refresh token": async (stage) => {
    const visitor = await stage.visitor();
    const page = await visitor.signUp();
    const before = await cookieOf(visitor);
    assert.match(before, /^\S{20,}$/);
    const answer = await call(
      page,
      `${origin}${service}RefreshToken`,
      framed(),
      "cors",
      "application/grpc-web+proto",
    );
    assert.match(answer.text, /grpc-status: ?0/);
    assert.match(answer.text, /eyJ/, "an access token it can have");
    stage.expectNoise(/Refused to get unsafe header "set-cookie"/);
    const found = await page.evaluate(async (address) => {
      const request = new XMLHttpRequest();
      request.open("POST", address, false);
      request.setRequestHeader("content-type", "application/grpc-web+proto");
      request.send(new Uint8Array(5));
      const cookies = await cookieStore.getAll();
      const entries = performance.getEntries().map((entry) => JSON.stringify(entry));
      return [
        document.cookie,
        JSON.stringify(cookies),
        request.getAllResponseHeaders(),
        request.getResponseHeader("set-cookie"),
        request.responseText,
        ...entries,
      ].join("\n");
    }, `${origin}${service}RefreshToken`);
    const now = await cookieOf(visitor);
    assert.notEqual(now, before, "it has been renewed");
    const everything = found + JSON.stringify(answer);
    const values = (await visitor.tokens.all()).filter((token) => !token.startsWith("eyJ"));
    for (const value of new Set([...values, before, now])) assert.equal(everything.includes(value), false);
    assert.ok(values.includes(before) && values.includes(now));
    await page.reload();
    await visitor.isSignedIn(page);
  },

  "a page of another port, to which the browser gives the cookie, comes to nothing with it": async (
    stage,
  ) => {
    const visitor = await stage.visitor();
    const page = await visitor.signUp();
    await visitor.settled();
    const before = await cookieOf(visitor);
    const other = await neighbour();
    const stranger = await visitor.context.newPage();
    await stranger.goto(other.origin);
    stage.expectNoise(/blocked by CORS policy|^Failed to load resource/);
    const nextPost = await watch(stranger);
    const bodies = {
      RefreshToken: framed(),
      Logout: framed(),
      Login: framed(visitor.email, visitor.password, 2),
    };
    const ways = [
      ["no-cors", "text/plain"],
      ["cors", "text/plain"],
      ["cors", "application/grpc-web+proto"],
    ];
    for (const target of [origin, authOrigin]) {
      for (const [method, bytes] of Object.entries(bodies)) {
        for (const [mode, type] of ways) {
          const way = `${method} ${mode} ${type} at ${target}`;
          const answer = await call(stranger, `${target}${service}${method}`, bytes, mode, type);
          // The script learns nothing, not even that it was refused.
          if (mode === "cors") assert.match(answer.type, /Failed to fetch/, way);
          else assert.deepEqual([answer.type, answer.status, answer.text], ["opaque", 0, ""], way);
          const sent = await nextPost();
          // What is not simple is asked for first, and never sent: nobody is let in with credentials.
          const isSimple = type === "text/plain";
          assert.equal(sent.status, isSimple ? 415 : undefined, way);
          if (!isSimple) continue;
          assert.deepEqual(sent.cookies, [before], `the cookie is sent with ${way}`);
          assert.equal("set-cookie" in sent.answered, false, way);
        }
      }
    }
    assert.equal(await cookieOf(visitor), before);
    await page.bringToFront();
    await page.goto(`${origin}/account/history`);
    await page.getByText("You made this account").waitFor();
    assert.equal(await page.getByText(/You logged (in|out)/).count(), 0, "nothing has happened");

    // The same calls of the page itself do all of that: what is refused above would have been seen.
    const ownPost = await watch(page);
    const callItself = (method) =>
      call(page, `${origin}${service}${method}`, bodies[method], "cors", "application/grpc-web+proto");
    for (const method of ["RefreshToken", "Login", "Logout"]) {
      const shown = await cookieOf(visitor);
      assert.match((await callItself(method)).text, /grpc-status: ?0/, method);
      const sent = await ownPost();
      assert.deepEqual([sent.cookies, sent.status], [[shown], 200], method);
      assert.ok("set-cookie" in sent.answered, method);
    }
    assert.equal(await cookieOf(visitor), "");
    other.close();
  },
});
