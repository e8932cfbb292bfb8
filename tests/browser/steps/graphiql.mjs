/** What people do in GraphiQL. */

const RUN = /^Execute query/;

export async function ready(page) {
  await page.getByRole("heading", { name: "What is left" }).waitFor();
  // The schema has come when fields can be explored.
  await page.locator(".graphiql-query-editor .view-line").first().waitFor();
}

/** Ready on a phone, where the examples are not shown at first. */
export async function readyOnPhone(page) {
  await page.locator(".graphiql-query-editor .view-line").first().waitFor();
}

export function panes(page) {
  return page.locator(".examples").filter({ visible: true }).count();
}

export async function openPane(page) {
  await page.getByRole("button", { name: "Show Examples" }).click();
}

/** Whose key the page says it uses; empty where it has none. */
export async function whose(page) {
  await page.getByRole("button", { name: "Use this key" }).waitFor();
  return (await page.locator(".key span").allTextContents()).join("");
}

export async function forget(page) {
  await page.getByRole("button", { name: "Forget it" }).click();
  await page.getByRole("button", { name: "Forget it" }).waitFor({ state: "detached" });
}

/** All that outlives the browser tab. */
export function stored(page) {
  return page.evaluate(() => JSON.stringify({ ...localStorage }));
}

/** The key that the browser tab still has. */
export function kept(page) {
  return page.evaluate(() => JSON.stringify({ ...sessionStorage }));
}

export async function examples(page) {
  return page.locator(".examples strong").allTextContents();
}

export async function choose(page, { example }) {
  await page.locator(".examples").getByRole("button").filter({ has: page.getByText(example, { exact: true }) }).click();
}

/** Runs what the tab shows, and says how the answer begins. */
export async function run(page) {
  await page.getByRole("button", { name: RUN }).click();
  return answer(page, { holding: "{" });
}

/** The answer that is shown, once it holds something. */
export async function answer(page, { holding }) {
  const shown = page.locator(".result-window .view-lines");
  await shown.filter({ hasText: holding }).waitFor();
  return (await shown.innerText()).replaceAll("\u00a0", " ").replaceAll(/\s+/g, " ");
}

export async function stop(page) {
  await page.getByRole("button", { name: /^Stop query/ }).click();
}
