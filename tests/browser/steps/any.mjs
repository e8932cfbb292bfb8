/** Steps that fit any page. */

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

import { seenOf } from "../watched.mjs";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What the page did so far: its requests for data, its sockets, whom else it asked, how heavy its scripts are. */
export async function behind(page) {
  const { requests, sockets, scripts, complaints } = seenOf(page);
  const own = new URL(page.url()).host;
  const hosts = [...requests.map(({ url }) => url), ...sockets].map((url) => new URL(url)).filter(({ host }) => host !== own);
  return {
    asked: requests.filter(({ url, type }) => type !== "document" && new URL(url).pathname === "/graphql").length,
    sockets: sockets.length,
    others: hosts.filter(({ protocol }) => /^(http|ws)/.test(protocol)).map(({ href }) => href),
    scriptBytes: (await Promise.all(scripts)).reduce((sum, { bytes }) => sum + bytes, 0),
    complaints,
  };
}

/** What an accessibility checker finds that keeps people out, each with the elements that it means. */
export async function barriers(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document));
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`);
}

/** Whether something sticks out sideways. */
export function sideways(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

/** Texts of one kind that lie over each other. */
export function overlaps(page, { of }) {
  return page.evaluate((of) => {
    const texts = [...document.querySelectorAll(of)].map((element) => {
      const range = document.createRange();
      range.selectNodeContents(element);
      return { text: element.innerText, box: range.getBoundingClientRect() };
    });
    const lies = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
    return texts.flatMap((one, place) =>
      texts.slice(place + 1).filter((other) => lies(one.box, other.box)).map((other) => `${one.text} / ${other.text}`),
    );
  }, of);
}

export async function picture(page, { path, full = false }) {
  await page.screenshot({ path, fullPage: full });
}

/** As a person types: one key after another. */
export async function press(page, { keys }) {
  for (const key of keys) await page.keyboard.press(key);
}

export function size(page, { size: [width, height] }) {
  return page.setViewportSize({ width, height });
}

export async function scheme(page, { scheme }) {
  await page.emulateMedia({ colorScheme: scheme });
}

export async function reload(page) {
  await page.reload();
}

export function address(page) {
  return page.url();
}
