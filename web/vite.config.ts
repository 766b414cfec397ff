import { defineConfig } from "vite";
import solid from "vite-plugin-solid";

// Where `npm run dev` finds the services: an Envoy that runs beside it.
const edge = "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [solid()],
  build: {
    target: "es2023",
    // A content security policy that lets nothing be inlined, and one file for each thing.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // What every visit needs is one file: each of a dozen would cost a request of its own.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: "page", tags: ["$initial"] }] } } },
  },
  server: {
    host: "127.0.0.1",
    port: 5173,
    strictPort: true,
    proxy: { "^/duet\\.": edge },
  },
});
