// What the server has answered that must not be found anywhere in a page.

const JWT = /eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}/g;
const COOKIE = /__Host-duet-refresh=([^;\s]+)/g;

/** Collects every access token in an answer, and every value of the cookie, of all pages of a context. */
export function recordTokens(context) {
  const tokens = new Set();
  const pending = new Set();
  context.on("response", (response) => {
    if (!/\/duet\.auth\.v1\.AuthService\/(SignUp|Login|RefreshToken)$/.test(response.url())) return;
    const reading = collect(response, tokens).finally(() => pending.delete(reading));
    pending.add(reading);
  });
  return {
    /** All so far. */
    async all() {
      await Promise.all(pending);
      return [...tokens];
    },
  };
}

async function collect(response, tokens) {
  const headers = await response.headersArray().catch(() => []);
  for (const { name, value } of headers) {
    if (name.toLowerCase() !== "set-cookie") continue;
    for (const [, cookie] of value.matchAll(COOKIE)) tokens.add(cookie);
  }
  // A page that was left takes its answers along.
  const body = await response.body().catch(() => Buffer.alloc(0));
  for (const [token] of body.toString("latin1").matchAll(JWT)) tokens.add(token);
}

/** All that scripts of this page's origin could find, as one text. */
function everythingWithinReach(page) {
  return page.evaluate(async () => {
    const found = [
      document.documentElement.outerHTML,
      document.cookie,
      location.href,
      document.referrer,
      window.name,
      JSON.stringify(history.state),
    ];
    for (const input of document.querySelectorAll("input, textarea")) found.push(input.value);
    for (const entry of performance.getEntries()) found.push(entry.name);
    for (const storage of [localStorage, sessionStorage]) found.push(JSON.stringify({ ...storage }));
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const request of await cache.keys()) {
        found.push(request.url, await (await cache.match(request)).text());
      }
    }
    for (const { name } of await indexedDB.databases()) {
      const database = await new Promise((resolve, reject) => {
        const opening = indexedDB.open(name);
        opening.onsuccess = () => resolve(opening.result);
        opening.onerror = () => reject(opening.error);
      });
      for (const store of database.objectStoreNames) {
        const all = database.transaction(store).objectStore(store).getAll();
        found.push(
          await new Promise((resolve) => (all.onsuccess = () => resolve(JSON.stringify(all.result)))),
        );
      }
      database.close();
    }
    return found.join("\n");
  });
}

/** Those of the tokens that a script of this page could find. */
export async function withinReach(page, tokens) {
  // Whoever has just signed in or out is somewhere else a moment later.
  const everything = await everythingWithinReach(page).catch(() => everythingWithinReach(page));
  return tokens.filter((token) => everything.includes(token));
}
