import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig } from "vite";

// The server hands these files out below /assets/graphiql/, wherever the page itself is shown.
export default defineConfig({
  base: "/assets/graphiql/",
  build: { target: "es2022", chunkSizeWarningLimit: 10_000, emptyOutDir: true },
  plugins: [compressed()],
  // Libraries mark their modules for React servers, and Vite would warn of each.
  logLevel: "error",
});

/** Lays a packed copy beside each built file, which the server sends as it is. */
function compressed() {
  return {
    name: "compressed",
    apply: "build",
    closeBundle: () => {
      const folder = join(import.meta.dirname, "dist", "assets");
      for (const name of readdirSync(folder).filter((name) => /\.(js|css)$/.test(name))) {
        writeFileSync(join(folder, `${name}.gz`), gzipSync(readFileSync(join(folder, name)), { level: 9 }));
      }
    },
  };
}
