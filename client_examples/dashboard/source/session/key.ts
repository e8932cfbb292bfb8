/** Where the key is: in the address when the page is opened with one, then in this tab's own storage only. */

const PLACE = "tallygraph-key";

/** The key in `#key=...`, taken out of the address so that it is neither bookmarked nor shown. */
export function takeKeyFromAddress(): string | null {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const key = fragment.get("key");
  if (key === null) return null;
  fragment.delete("key");
  const rest = fragment.toString();
  history.replaceState(history.state, "", location.pathname + location.search + (rest && `#${rest}`));
  return key.trim() || null;
}

/** The key that this tab was signed in with. Another tab, and a later visit, know nothing of it. */
export function storedKey(): string | null {
  return sessionStorage.getItem(PLACE);
}

export function storeKey(key: string | null): void {
  if (key === null) sessionStorage.removeItem(PLACE);
  else sessionStorage.setItem(PLACE, key);
}
