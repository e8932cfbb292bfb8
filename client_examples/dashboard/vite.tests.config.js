// Makes the tests of the pure parts into plain scripts, which Node's own test runner runs.

import { readdirSync } from "node:fs";
import { defineConfig } from "vite";

const tests = readdirSync(new URL("tests/", import.meta.url)).map((name) => `tests/${name}`);

export default defineConfig({
  build: {
    ssr: true,
    target: "es2022",
    outDir: ".tests",
    emptyOutDir: true,
    rolldownOptions: { input: tests, output: { entryFileNames: "[name].js" } },
  },
  logLevel: "error",
});
