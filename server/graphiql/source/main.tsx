/** GraphiQL for Tallygraph, with everything it needs from this server: no other host is asked. */

import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import "@graphiql/plugin-explorer/style.css";
import "./style.css";

import { explorerPlugin } from "@graphiql/plugin-explorer";
import { HISTORY_PLUGIN } from "@graphiql/plugin-history";
import { createGraphiQLFetcher, type Fetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import { type DocumentNode, parse } from "graphql";
import type { FormEvent } from "react";
import { createRoot } from "react-dom/client";

import { firstTabs, nobody } from "./examples";
import {
  forgetKey,
  giveToStoredTabs,
  hasStoredTabs,
  headersOf,
  keep,
  keptKey,
  openWithKey,
  settleStoredTabs,
  takeKeyFromAddress,
  viewerOf,
} from "./key";
import { EXAMPLES, examplesPlugin, isNarrow } from "./pane";

const endpoint = new URL("/graphql", location.href);
const socket = Object.assign(new URL(endpoint), { protocol: location.protocol === "https:" ? "wss:" : "ws:" });

/** Whose key is in use, and where another one is pasted: the examples are filled with its tenant's ids. */
function KeyForm({ whose }: { whose: string }) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const key = new FormData(event.currentTarget).get("key");
    if (typeof key === "string" && key.trim()) openWithKey(key.trim());
  };
  return (
    <form className="key" onSubmit={submit}>
      {whose && (
        <>
          <span>Key: {whose}</span>
          <button type="button" onClick={forgetKey}>
            Forget it
          </button>
        </>
      )}
      <input name="key" type="password" autoComplete="off" placeholder="Paste a key" aria-label="Key" />
      <button>Use this key</button>
    </form>
  );
}

/** The pane to begin with: the one that was open last, which GraphiQL would forget. It would cover a phone. */
function firstPane(isFirstVisit: boolean): string | undefined {
  if (isNarrow()) return undefined;
  return isFirstVisit ? EXAMPLES : (localStorage.getItem("graphiql:visiblePlugin") ?? undefined);
}

function fetcherWith(key: string | null): Fetcher {
  const fetcher = createGraphiQLFetcher({
    url: endpoint.href,
    subscriptionUrl: socket.href,
    headers: headersOf(key),
    // The server reads the key of a socket in connection_init.
    wsConnectionParams: headersOf(key),
    enableIncrementalDelivery: false,
  });
  // GraphiQL reads a document a moment after it has changed; who runs it sooner must not be given the wrong way.
  return (asked, options) => fetcher(asked, { ...options, documentAST: documentOf(asked.query) });
}

/** The document as it is now; none where it cannot be read, of which the server says why. */
function documentOf(query: string): DocumentNode | undefined {
  try {
    return parse(query);
  } catch {
    return undefined;
  }
}

async function start(): Promise<void> {
  const newKey = takeKeyFromAddress();
  if (newKey !== null) keep(newKey);
  const key = keptKey();
  const viewer = key === null ? nobody : await viewerOf(key);
  const isFirstVisit = !hasStoredTabs();
  if (newKey === null) settleStoredTabs();
  else giveToStoredTabs(viewer.ids);
  const tabs = firstTabs(viewer.ids);
  const root = document.getElementById("graphiql");
  if (root === null) throw new Error("The page has no place for the explorer.");
  createRoot(root).render(
    <GraphiQL
      fetcher={fetcherWith(key)}
      plugins={[examplesPlugin(viewer), explorerPlugin(), HISTORY_PLUGIN]}
      visiblePlugin={firstPane(isFirstVisit)}
      defaultTabs={tabs}
      // GraphiQL shows the variables of its first tab only when they are given once more.
      initialVariables={isFirstVisit ? tabs[0]?.variables : undefined}
      defaultEditorToolsVisibility="variables"
      // What is typed there is stored with tabs and history: no place for a key.
      isHeadersEditorEnabled={false}
      shouldPersistHeaders={false}
    >
      <GraphiQL.Logo>
        <a className="graphiql-logo-link" href="/">
          Tallygraph
        </a>
      </GraphiQL.Logo>
      <GraphiQL.Footer>
        <KeyForm whose={viewer.whose} />
      </GraphiQL.Footer>
    </GraphiQL>,
  );
}

void start();
