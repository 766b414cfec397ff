// An application that has its users in Better Auth, with nothing between its endpoints and whoever calls them. What it
// has it keeps in memory. The tests choose by variables what real installations choose in their code.
//
//   BETTER_AUTH_PORT        where it listens on 127.0.0.1, and its origin
//   BETTER_AUTH_SECRET      as in every installation
//   BETTER_AUTH_ALGORITHM   what the jwt plugin signs with: EdDSA, ES256, RS256
//   BETTER_AUTH_LIFETIME    how long its tokens are good: 15m, 1s
//   BETTER_AUTH_ROTATION    after how many seconds it makes another signing key
//   BETTER_AUTH_RESOURCE    for whom the OAuth provider's access tokens are (RFC 8707)
//
// On standard output it prints a JSON object a line: {ready} once, and {mail, token} for each mail that it would send.

import { createServer } from "node:http";
import { oauthProvider } from "@better-auth/oauth-provider";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { toNodeHandler } from "better-auth/node";
import { jwt } from "better-auth/plugins";

const env = (name) => process.env[`BETTER_AUTH_${name}`];
const say = (what) => console.log(JSON.stringify(what));

const port = Number(env("PORT"));
const baseURL = `http://127.0.0.1:${port}`;
const resource = env("RESOURCE");
const tables = [
  "user", "session", "account", "verification", "jwks", "oauthClient", "oauthAccessToken", "oauthRefreshToken",
  "oauthConsent", "oauthResource", "oauthClientResource", "oauthClientAssertion",
];

const auth = betterAuth({
  baseURL,
  secret: env("SECRET"),
  database: memoryAdapter(Object.fromEntries(tables.map((table) => [table, []]))),
  telemetry: { enabled: false },
  emailAndPassword: { enabled: true },
  emailVerification: { sendOnSignUp: true, sendVerificationEmail: async ({ user, token }) => say({ mail: user.email, token }) },
  session: { cookieCache: { enabled: true, strategy: "jwt", maxAge: 300 } },
  plugins: [
    jwt({
      jwt: { expirationTime: env("LIFETIME") },
      jwks: { keyPairConfig: { alg: env("ALGORITHM") }, rotationInterval: env("ROTATION") && Number(env("ROTATION")) },
    }),
    oauthProvider({
      loginPage: "/sign-in",
      consentPage: "/consent",
      resources: [resource],
      clientRegistrationDefaultResources: [resource],
    }),
  ],
});

createServer(toNodeHandler(auth)).listen(port, "127.0.0.1", () => say({ ready: baseURL }));
