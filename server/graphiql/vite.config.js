import { defineConfig } from "vite";

// The server hands these files out below /assets/graphiql/, wherever the page itself is shown.
export default defineConfig({
  base: "/assets/graphiql/",
  build: { target: "es2022", chunkSizeWarningLimit: 10_000, emptyOutDir: true },
  // Libraries mark their modules for React servers, and Vite would warn of each.
  logLevel: "error",
});
