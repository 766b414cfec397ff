// Too many attempts, on a pair with the limits of a real installation.

import { assert, eventually, Mouse, perform } from "./stage.mjs";

await perform({
  "six wrong logins count down": async (stage) => {
    const visitor = await stage.visitor();
    const page = await visitor.open("/login");
    for (let attempt = 0; attempt < 5; attempt++) {
      await visitor.logIn(page, Mouse, `Wrong-passw0rd${attempt}`);
      await page.getByText("E-mail address and password do not match.").waitFor();
    }
    await visitor.logIn(page, Mouse, "Wrong-passw0rd5");
    await page.getByText("Too many attempts.").waitFor();
    const button = page.getByRole("button", { name: /Try again in/ });
    assert.ok(await button.isDisabled());
    const seconds = async () => Number(/\d+/.exec(await button.textContent())?.[0]);
    const first = await seconds();
    assert.ok(first > 0 && first <= 60, `${first}`);
    await eventually("it counts", async () => (await seconds()) < first);
  },
});
