import { useState } from "preact/hooks";
import { storedTheme, storeTheme, type Theme } from "./theme";

export function ThemeSwitch() {
  const [theme, setTheme] = useState(storedTheme);
  const choose = (next: Theme) => {
    storeTheme(next);
    setTheme(next);
  };
  return (
    <label class="theme">
      <span class="for-readers">Colours</span>
      <select value={theme} onChange={(event) => choose(event.currentTarget.value as Theme)}>
        <option value="system">System colours</option>
        <option value="light">Light</option>
        <option value="dark">Dark</option>
      </select>
    </label>
  );
}
