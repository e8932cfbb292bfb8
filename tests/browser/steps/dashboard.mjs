/** What people do in the dashboard, by the names and roles that a screen reader tells. */

const region = (page, name) => page.getByRole("region", { name, exact: true });
const balance = (page) => region(page, "Available credits").locator(".figure");

// ---------------------------------------------------------------- coming in

export async function signIn(page, { key }) {
  await page.getByLabel("Key", { exact: true }).fill(key);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** Until the field for the key has the focus: who types before that types into nothing. */
export async function asksForKey(page) {
  await page.locator("input:focus").waitFor();
}

/** Until everything of the first view has come. */
export async function ready(page) {
  await balance(page).waitFor();
  await page.locator('[data-connection="live"]').waitFor();
  await page.waitForLoadState("networkidle");
  await settled(page);
}

export function refusal(page) {
  return page.getByRole("alert").innerText();
}

export async function chooseTenant(page, { name }) {
  await region(page, "Tenants").getByRole("button", { name, exact: true }).click();
}

/** What a part of the page says, once it says this. */
export async function says(page, { part, holding }) {
  const shown = region(page, part).filter({ hasText: holding });
  await shown.waitFor();
  return shown.innerText();
}

/** What is said to a key that may not see the books. */
export function closed(page) {
  return page.getByRole("alert").innerText();
}

// ---------------------------------------------------------------- the balance

/** The amount that is shown, and the entry of the ledger that it stands at. */
export async function standing(page) {
  return { seq: Number(await balance(page).getAttribute("data-seq")), amount: amountIn(await balance(page).innerText()) };
}

/** The amount, once the ledger has come so far. */
export async function standingAt(page, { seq }) {
  await page.waitForFunction((seq) => Number(document.querySelector(".figure[data-seq]")?.dataset.seq) >= seq, seq);
  return standing(page);
}

/** From now on the moment is noted at which the balance moves. */
export async function noteMove(page) {
  await balance(page).evaluate((figure) => {
    const before = figure.textContent;
    const watcher = new MutationObserver(() => {
      if (figure.textContent === before) return;
      window.movedAt = performance.timeOrigin + performance.now();
      watcher.disconnect();
    });
    watcher.observe(figure, { childList: true, characterData: true, subtree: true });
  });
}

export async function movedAt(page) {
  const moved = await page.waitForFunction(() => window.movedAt);
  return moved.jsonValue();
}

/** Buys credits that are paid already; the moment of the click. */
export async function topUp(page, { credits }) {
  const form = page.getByRole("form", { name: "Top up" });
  await form.getByLabel("Credits to buy").fill(credits);
  const button = form.getByRole("button", { name: /^Buy/ });
  await button.evaluate((button) => {
    button.addEventListener("click", () => (window.clickedAt = performance.timeOrigin + performance.now()), { once: true });
  });
  await button.click();
  return page.evaluate(() => window.clickedAt);
}

/** As an operator: says that the newest top-up that waits was paid. */
export async function settleTopUp(page) {
  await region(page, "Top up").getByRole("button", { name: "Paid" }).first().click();
}

export async function newestTopUp(page, { holding }) {
  const top = page.getByRole("list", { name: "Latest top-ups" }).getByRole("listitem").first();
  await top.filter({ hasText: holding }).waitFor();
  return top.innerText();
}

// ---------------------------------------------------------------- usage

export async function filter(page, { by, value }) {
  await page.getByRole("combobox", { name: by, exact: true }).selectOption({ label: value });
  await settled(page);
}

/** Days of one's own: how the fields refuse them, and whether figures are shown meanwhile. */
export async function refusedDays(page, { from, to }) {
  const filters = page.getByRole("form", { name: "Filters" });
  await filters.getByRole("combobox", { name: "Range", exact: true }).selectOption({ label: "Days of your choice" });
  await filters.getByLabel("First day").fill(from);
  await filters.getByLabel("Last day").fill(to);
  const refusal = await filters.getByRole("alert").innerText();
  return { refusal, showsFigures: (await region(page, "Figures").count()) > 0 };
}

/** How high the panel of the balance is, whatever the figure in it. */
export function heightsOfBalance(page, { amounts }) {
  return region(page, "Available credits").evaluate((panel, amounts) => {
    const amount = panel.querySelector(".figure .amount").firstChild;
    const before = amount.data;
    const heights = amounts.map((text) => {
      amount.data = text;
      return panel.getBoundingClientRect().height;
    });
    amount.data = before;
    return heights;
  }, amounts);
}

export async function clearFilters(page) {
  await page.getByRole("button", { name: "Clear filters" }).click();
  await settled(page);
}

/** The figures as shown, by their names. */
export function figures(page) {
  return pairs(region(page, "Figures"));
}

export async function lens(page, { name }) {
  await page.getByRole("radio", { name, exact: true }).check();
  await settled(page);
}

/** What the chart shows, in words. */
export async function chart(page) {
  return region(page, "Usage").getByRole("img").first().getAttribute("aria-label");
}

/** A breakdown's rows, each as the texts of its cells. */
export function breakdown(page, { by }) {
  return rows(region(page, by));
}

// ---------------------------------------------------------------- the log

export function log(page) {
  return rows(region(page, "Call log"));
}

/** The log's rows, once these balances stand in them, the newest first. */
export async function logAt(page, { balances }) {
  await page.waitForFunction((balances) => {
    const rows = [...(document.querySelector("table.calls tbody")?.rows ?? [])].filter((row) => row.cells.length > 1);
    const shown = rows.map((row) => Number(row.cells[4].innerText.replaceAll(",", "")));
    return JSON.stringify(shown) === JSON.stringify(balances.map(Number));
  }, balances);
  return log(page);
}

export async function turn(page, { to }) {
  await page.getByRole("navigation", { name: "Pages of the call log" }).getByRole("button", { name: to, exact: true }).click();
  await settled(page);
}

export async function turnTo(page, { number }) {
  const field = page.getByRole("navigation", { name: "Pages of the call log" }).getByLabel("Page", { exact: true });
  await field.fill(String(number));
  await field.press("Enter");
  await settled(page);
}

/** Opens the charge of the first call on the page; what it says. */
export async function explain(page) {
  await page.getByRole("button", { name: /Explain the charge/ }).first().click();
  return explained(page);
}

export async function showLog(page) {
  await region(page, "Call log").evaluate((part) => part.scrollIntoView());
}

export function explained(page) {
  return page.getByRole("region", { name: /^Charge of the call/ }).innerText();
}

// ---------------------------------------------------------------- files and connection

export async function download(page, { format, folder }) {
  const coming = page.waitForEvent("download");
  await page.getByRole("button", { name: `Export ${format}` }).click();
  const file = await coming;
  const path = `${folder}/${file.suggestedFilename()}`;
  await file.saveAs(path);
  return path;
}

/** What is said of the connection, once it holds these words. */
export async function notice(page, { holding }) {
  const said = page.getByRole("status", { name: "Connection" }).filter({ hasText: holding });
  await said.waitFor({ timeout: 30_000 });
  return said.innerText();
}

// ---------------------------------------------------------------- by keyboard

/** Presses Tab until something has the focus; fails after as many presses as a patient person has. */
export async function tabTo(page, { role, name, back = false }) {
  const wanted = page.getByRole(role, { name }).first();
  for (let presses = 1; presses <= 120; presses++) {
    await page.keyboard.press(back ? "Shift+Tab" : "Tab");
    if (await wanted.evaluate((element) => element === document.activeElement).catch(() => false)) return presses;
  }
  throw new Error(`Tab does not lead to the ${role} ${name}.`);
}

/** Whether one can see what has the focus: it differs from how it looks without. */
export function focusShows(page) {
  return page.evaluate(() => {
    const element = document.activeElement;
    const style = getComputedStyle(element);
    return style.outlineStyle !== "none" || style.boxShadow !== "none";
  });
}

// ---------------------------------------------------------------- reading

/** Until nothing is asked anew. */
export async function settled(page) {
  await page.waitForFunction(() => document.querySelector('[aria-busy="true"]') === null);
}

async function pairs(within) {
  return within.evaluate((part) =>
    Object.fromEntries([...part.querySelectorAll("dt")].map((term) => [term.innerText.trim(), term.parentElement.querySelector("dd").innerText.trim()])),
  );
}

async function rows(within) {
  return within.locator("tbody").first().evaluate((body) =>
    // A charge that is open is a row of its own, of one cell.
    [...body.rows].filter((row) => row.cells.length > 1).map((row) => [...row.cells].map((cell) => cell.innerText.trim())),
  );
}

function amountIn(text) {
  return text.match(/-?[\d,]+(\.\d+)?/)[0].replaceAll(",", "");
}
