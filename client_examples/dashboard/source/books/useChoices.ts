import type { AnyVariables, TypedDocumentNode } from "@urql/core";
import { useEffect, useState } from "preact/hooks";
import {
  type AgentChoiceFragment,
  type MemberChoiceFragment,
  MoreAgentsDocument,
  MoreMembersDocument,
  MoreOpeningsDocument,
  type OpeningChoiceFragment,
} from "../graph/generated";
import { useGraph } from "../graph/graph";
import type { Tenant } from "./useBooks";

export type Choices = {
  agents: AgentChoiceFragment[];
  openings: OpeningChoiceFragment[];
  members: MemberChoiceFragment[];
};

/** More than that nobody finds in a list. */
const MOST = 1_000;

type Page<Item> = { nodes: Item[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } };

/** Everything that can be filtered by: the first page came with the books, the others follow by themselves. */
export function useChoices(tenant: Tenant): Choices {
  return {
    agents: useAllPages(tenant.id, tenant.agents, MoreAgentsDocument, (data) => data.tenant?.agents),
    openings: useAllPages(tenant.id, tenant.openings, MoreOpeningsDocument, (data) => data.tenant?.openings),
    members: useAllPages(tenant.id, tenant.members, MoreMembersDocument, (data) => data.tenant?.members),
  };
}

function useAllPages<Item, Data>(
  tenant: string,
  first: Page<Item>,
  document: TypedDocumentNode<Data, { tenant: string; after: string } & AnyVariables>,
  pageIn: (data: Data) => Page<Item> | undefined,
): Item[] {
  const graph = useGraph();
  const [items, setItems] = useState(first.nodes);

  useEffect(() => {
    let leave = () => {};
    const take = (page: Page<Item>, before: Item[]) => {
      const all = [...before, ...page.nodes];
      setItems(all);
      const after = page.pageInfo.endCursor;
      if (!page.pageInfo.hasNextPage || after === null || all.length >= MOST) return;
      leave = graph.ask(document, { tenant, after }, ({ data }) => {
        const next = data && pageIn(data);
        if (next) take(next, all);
      });
    };
    take(first, []);
    return () => leave();
  }, [graph, document, tenant, first]);

  return items;
}
