import { createContext, type ComponentChildren } from "preact";
import { useCallback, useContext, useRef, useState } from "preact/hooks";

type Announce = (text: string) => void;

const AnnounceContext = createContext<Announce>(() => {});

/** Says something to screen readers, once what they are saying is over. */
export function useAnnounce(): Announce {
  return useContext(AnnounceContext);
}

/** Holds the one live region of the page. */
export function Announcer({ children }: { children: ComponentChildren }) {
  const [text, setText] = useState("");
  const count = useRef(0);
  const announce = useCallback<Announce>((next) => {
    // The same text twice is only said twice where it differs by something that is not heard.
    count.current += 1;
    setText(next + (count.current % 2 ? "" : "\u00a0"));
  }, []);
  return (
    <AnnounceContext.Provider value={announce}>
      {children}
      <div class="for-readers" role="status" aria-live="polite" aria-label="Announcements">
        {text}
      </div>
    </AnnounceContext.Provider>
  );
}
