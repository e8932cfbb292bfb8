import { useCallback, useEffect, useState } from "preact/hooks";
import { changed, readView, usual, type View, viewOfTenant, writeView } from "./view";

export type ChangeView = (change: Partial<View>) => void;

type Views = {
  view: View;
  change: ChangeView;
  /** Opens another tenant's books. */
  choose: (tenant: string | null) => void;
  /** Forgets what was looked at. */
  forget: () => void;
};

/** The view that the address names, and how to go to another one. */
export function useView(): Views {
  const [view, setView] = useState(() => readView(location.search));

  useEffect(() => {
    const reread = () => setView(readView(location.search));
    addEventListener("popstate", reread);
    return () => removeEventListener("popstate", reread);
  }, []);

  const go = useCallback((next: View) => {
    const address = location.pathname + writeView(next);
    if (address !== location.pathname + location.search) history.pushState(null, "", address);
    setView(next);
  }, []);
  const change = useCallback<ChangeView>((part) => go(changed(readView(location.search), part)), [go]);
  const choose = useCallback((tenant: string | null) => go(viewOfTenant(readView(location.search), tenant)), [go]);
  const forget = useCallback(() => go(usual), [go]);
  return { view, change, choose, forget };
}
