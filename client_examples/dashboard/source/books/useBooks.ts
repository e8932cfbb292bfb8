import { useMemo, useRef } from "preact/hooks";
import { rangeInput, type View } from "../address/view";
import { BooksDocument, type BooksFragment, type BooksQuery } from "../graph/generated";
import { type Answer, useAnswer } from "../graph/useAnswer";

/** What changes seldom, and is asked for seldom. */
const EXTRAS_LAST = 5 * 60_000;

type Extras = Required<Pick<BooksFragment, "agents" | "openings" | "members" | "forecast">>;
export type Tenant = Omit<BooksFragment, keyof Extras> & Extras;
export type Viewer = BooksQuery["viewer"];

export type Books = Omit<Answer<BooksQuery>, "data"> & {
  /** Who the key is; undefined until the first answer. */
  viewer: Viewer | undefined;
  /** Null where the key has no tenant of its own and none was chosen, or where the chosen one is unknown. */
  tenant: Tenant | null | undefined;
};

/** The tenant's books, with the page of the log that the view names. */
export function useBooks(view: View, revision: number): Books {
  const extras = useRef<{ extras: Extras; at: number } | null>(null);
  const answer = useAnswer(
    BooksDocument,
    {
      tenant: view.tenant ?? "",
      chosen: view.tenant !== null,
      complete: false,
      range: rangeInput(view.range),
      page: view.page,
      agent: view.agent,
      member: view.member,
    },
    {
      revision,
      atAsking: () => ({ complete: extras.current === null || performance.now() - extras.current.at > EXTRAS_LAST }),
    },
  );
  const { data } = answer;
  const tenant = useMemo(() => {
    const found = data?.tenant ?? data?.viewer.tenant;
    if (!found) return data && null;
    const { agents, openings, members, forecast } = found;
    if (agents && openings && members && forecast) {
      extras.current = { extras: { agents, openings, members, forecast }, at: performance.now() };
    }
    return extras.current ? { ...found, ...extras.current.extras } : null;
  }, [data]);

  return { ...answer, viewer: data?.viewer, tenant };
}
