/**
 * Drives one Chromium for the tests. A line of JSON in says what to do on which page; a line out says what came of it.
 *
 *     node browser.mjs CHROMIUM FOLDER_FOR_PICTURES_OF_FAILURES
 *
 * Every page is a browser of its own, as far as storage and cookies go, and stays open until it is told to close.
 */

import { createInterface } from "node:readline";
import { join } from "node:path";
import { chromium } from "playwright-core";

import { watched } from "./watched.mjs";
import * as dashboard from "./steps/dashboard.mjs";
import * as graphiql from "./steps/graphiql.mjs";
import * as any from "./steps/any.mjs";

const WAIT = 15_000;
const [executablePath, pictures] = process.argv.slice(2);
const steps = { ...any, ...namedAfter("dashboard", dashboard), ...namedAfter("graphiql", graphiql) };
const pages = new Map();

const browser = await chromium.launch({
  executablePath,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    // Nothing but this machine can be reached.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
  ],
});

for await (const line of createInterface({ input: process.stdin })) {
  const { step, page, given } = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(await outcome(step, page, given))}\n`);
}
await browser.close();

async function outcome(step, page, given) {
  try {
    return { result: (await take(step, page, given)) ?? null };
  } catch (problem) {
    const picture = join(pictures, `${step}.png`);
    await pages.get(page)?.screenshot({ path: picture, timeout: 5000 }).catch(() => {});
    return { failed: `${step}: ${problem.message}\nSee ${picture}` };
  }
}

async function take(step, name, given) {
  if (step === "open") return open(name, given);
  const page = pages.get(name);
  if (!page) throw new Error(`No page ${name} is open.`);
  if (step === "close") {
    pages.delete(name);
    return page.context().close();
  }
  if (!steps[step]) throw new Error("There is no such step.");
  return steps[step](page, given);
}

/** A new browser window at an address. */
async function open(name, { url, size: [width, height] = [1280, 800], scheme = "light", scale = 1 }) {
  if (pages.has(name)) throw new Error(`A page ${name} is open already.`);
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: scheme,
    deviceScaleFactor: scale,
    reducedMotion: "reduce",
    locale: "en-GB",
    acceptDownloads: true,
  });
  context.setDefaultTimeout(WAIT);
  const page = watched(await context.newPage());
  pages.set(name, page);
  await page.goto(url);
}

function namedAfter(subject, functions) {
  return Object.fromEntries(Object.entries(functions).map(([name, step]) => [`${subject}.${name}`, step]));
}
