/** What people do in GraphiQL. */

const RUN = /^Execute query/;

export async function ready(page) {
  await page.getByRole("heading", { name: "What is left" }).waitFor();
  // The schema has come when fields can be explored.
  await page.locator(".graphiql-query-editor .view-line").first().waitFor();
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
