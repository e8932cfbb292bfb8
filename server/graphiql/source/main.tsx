/** GraphiQL for Tallygraph, with everything it needs from this server: no other host is asked. */

import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import "@graphiql/plugin-explorer/style.css";
import "./style.css";

import { explorerPlugin } from "@graphiql/plugin-explorer";
import { HISTORY_PLUGIN } from "@graphiql/plugin-history";
import { useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { createGraphiQLFetcher, type Fetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import { useEffect, type FormEvent } from "react";
import { createRoot } from "react-dom/client";

import { firstTabs, nobody } from "./examples";
import {
  giveToStoredTabs,
  hasStoredTabs,
  headersFor,
  knownHeaders,
  openWithKey,
  settleStoredTabs,
  takeKeyFromAddress,
  viewerOf,
} from "./key";
import { EXAMPLES, examplesPlugin } from "./pane";

const endpoint = new URL("/graphql", location.href);
const socket = Object.assign(new URL(endpoint), { protocol: location.protocol === "https:" ? "wss:" : "ws:" });

// The headers of the tab become the payload of connection_init; the server reads their names in any case.
const send = createGraphiQLFetcher({ url: endpoint.href, subscriptionUrl: socket.href, enableIncrementalDelivery: false });

/** Sends as the tab says; the schema is first asked for before the editor of the headers is there. */
function fetcherWith(headers: string): Fetcher {
  return (params, options) => send(params, { ...options, headers: options?.headers ?? knownHeaders(headers) });
}

/** Reads the schema again when the headers change, since a key decides whether it may be read. */
function SchemaFollowsKey() {
  const headerEditor = useGraphiQL((state) => state.headerEditor);
  const { introspect } = useGraphiQLActions();
  useEffect(() => {
    let timer = 0;
    let known = headerEditor?.getValue();
    const listening = headerEditor?.onDidChangeModelContent(() => {
      clearTimeout(timer);
      timer = window.setTimeout(() => {
        // Another tab is another text too, mostly an equal one.
        if (headerEditor.getValue() === known) return;
        known = headerEditor.getValue();
        void introspect();
      }, 700);
    });
    return () => {
      clearTimeout(timer);
      listening?.dispose();
    };
  }, [headerEditor, introspect]);
  return null;
}

/** Where a key is pasted: it goes to every tab, and the examples are filled with its tenant's ids. */
function KeyForm() {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const key = new FormData(event.currentTarget).get("key");
    if (typeof key === "string" && key.trim()) openWithKey(key.trim());
  };
  return (
    <form className="key" onSubmit={submit}>
      <input name="key" type="password" autoComplete="off" placeholder="Paste a key" aria-label="Key" />
      <button>Use this key in every tab</button>
    </form>
  );
}

async function start(): Promise<void> {
  const key = takeKeyFromAddress();
  const headers = headersFor(key);
  const viewer = key === null ? nobody : await viewerOf(headers);
  const isFirstVisit = !hasStoredTabs();
  if (key === null) settleStoredTabs();
  else giveToStoredTabs(headers, viewer.ids);
  const tabs = firstTabs(viewer.ids, headers);
  const root = document.getElementById("graphiql");
  if (root === null) throw new Error("The page has no place for the explorer.");
  createRoot(root).render(
    <GraphiQL
      fetcher={fetcherWith(headers)}
      plugins={[examplesPlugin(viewer), explorerPlugin(), HISTORY_PLUGIN]}
      // The pane that was open last; GraphiQL would forget it.
      visiblePlugin={isFirstVisit ? EXAMPLES : (localStorage.getItem("graphiql:visiblePlugin") ?? undefined)}
      defaultTabs={tabs}
      // GraphiQL shows the variables of its first tab only when they are given once more.
      initialVariables={isFirstVisit ? tabs[0]?.variables : undefined}
      defaultHeaders={headers}
      defaultEditorToolsVisibility={key === null ? "headers" : "variables"}
      shouldPersistHeaders
    >
      <GraphiQL.Logo>
        <a className="graphiql-logo-link" href="/">
          Tallygraph
        </a>
      </GraphiQL.Logo>
      <GraphiQL.Footer>
        <SchemaFollowsKey />
        <KeyForm />
      </GraphiQL.Footer>
    </GraphiQL>,
  );
}

void start();
