import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { defineConfig } from "vite";

const MOST_SCRIPT_BYTES = 300_000;

// A local server of Tallygraph, for `npm run dev`.
const server = process.env.TALLYGRAPH ?? "http://127.0.0.1:8000";

// It takes questions from its own pages only: to it, this page is one of them.
const asOwnPage = { target: server, changeOrigin: true, headers: { origin: server } };

export default defineConfig(({ command }) => ({
  // The server hands the built files out below /assets/dashboard/, and the page itself at /.
  base: command === "build" ? "/assets/dashboard/" : "/",
  // There, so that a packaged server carries them.
  build: { target: "es2022", outDir: "../../server/dashboard/dist", emptyOutDir: true },
  plugins: [compressed()],
  server: {
    proxy: {
      "/graphql": { ...asOwnPage, ws: true, rewriteWsOrigin: true },
      "/exports": asOwnPage,
    },
  },
  logLevel: command === "build" ? "error" : "info",
}));

/** Lays a packed copy beside each built file, which the server sends as it is, and keeps the scripts small. */
function compressed() {
  let folder = "";
  return {
    name: "compressed",
    apply: "build",
    configResolved: (config) => {
      folder = join(config.root, config.build.outDir, "assets");
    },
    closeBundle: () => {
      let scripts = 0;
      for (const name of readdirSync(folder)) {
        if (!/\.(js|css)$/.test(name)) continue;
        const bytes = readFileSync(join(folder, name));
        const zipped = gzipSync(bytes, { level: 9 });
        const quality = { [constants.BROTLI_PARAM_QUALITY]: 11 };
        writeFileSync(join(folder, `${name}.gz`), zipped);
        writeFileSync(join(folder, `${name}.br`), brotliCompressSync(bytes, { params: quality }));
        if (name.endsWith(".js")) scripts += zipped.length;
      }
      const size = `${(scripts / 1000).toFixed(1)} kB of scripts, compressed`;
      if (scripts > MOST_SCRIPT_BYTES) throw new Error(`${size}: at most ${MOST_SCRIPT_BYTES / 1000} kB are allowed.`);
      console.log(size);
    },
  };
}
