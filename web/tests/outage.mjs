// Services that stop and come back while somebody uses the page.

import { accountButton, assert, ask, Mouse, origin, perform } from "./stage.mjs";

await perform({
  "logging out while the server is away says that it did not happen": async (stage) => {
    const visitor = await stage.visitor();
    const page = await visitor.signUp();
    stage.expectOutage();
    await ask("stop auth");
    await visitor.logOut(page);
    await page.getByText("You are not logged out.").waitFor();
    await visitor.isSignedIn(page);
    assert.equal((await visitor.context.cookies(origin)).length, 1);
    await ask("start auth");
    await new Mouse(page).press(page.getByRole("button", { name: "Try again" }));
    await visitor.isSignedOut(page);
  },

  "what is read waits behind a banner until the server is back": async (stage) => {
    const visitor = await stage.visitor();
    const page = await visitor.signUp();
    stage.expectOutage();
    await ask("stop auth");
    await new Mouse(page).press(accountButton(page));
    await new Mouse(page).press(page.getByRole("menuitem", { name: "Sessions", exact: true }));
    await page.getByText("The server cannot be reached.").waitFor();
    await ask("start auth");
    await page.getByText("This device").waitFor();
    await page.getByText("The server cannot be reached.").waitFor({ state: "detached" });
  },

  "what may have happened says so": async (stage) => {
    const visitor = await stage.visitor();
    const page = await visitor.signUp();
    await new Mouse(page).press(accountButton(page));
    await new Mouse(page).press(page.getByRole("menuitem", { name: "Account", exact: true }));
    await new Mouse(page).type(page.getByLabel("What the page calls you"), "Somebody");
    stage.expectOutage();
    await ask("stop auth");
    await new Mouse(page).press(page.getByRole("button", { name: "Save" }));
    await page.getByText("It may have happened all the same.").waitFor();
    await ask("start auth");
    await new Mouse(page).press(page.getByRole("button", { name: "Try again" }));
    await page.getByText("Your name is saved.").waitFor();
  },

  "the page opened while the server is away signs in by itself when it is back": async (stage) => {
    const visitor = await stage.visitor();
    const page = await visitor.signUp();
    stage.expectOutage();
    await ask("stop auth");
    await page.reload();
    await page.getByText("The server cannot be reached.").first().waitFor();
    await ask("start auth");
    await visitor.isSignedIn(page);
  },
});
