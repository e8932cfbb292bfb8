/** Light or dark: as the system says, unless somebody chose. */

export type Theme = "system" | "light" | "dark";

const PLACE = "tallygraph-theme";

export function storedTheme(): Theme {
  const stored = localStorage.getItem(PLACE);
  return stored === "light" || stored === "dark" ? stored : "system";
}

export function showTheme(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}

export function storeTheme(theme: Theme): void {
  if (theme === "system") localStorage.removeItem(PLACE);
  else localStorage.setItem(PLACE, theme);
  showTheme(theme);
  dispatchEvent(new Event("themechange"));
}

/** Hears of every change of the colours, chosen here or by the system. */
export function watchTheme(hear: () => void): () => void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", hear);
  addEventListener("themechange", hear);
  return () => {
    system.removeEventListener("change", hear);
    removeEventListener("themechange", hear);
  };
}
