/** The pane with the examples: a click opens one in a tab of its own, filled in and ready to run. */

import { useGraphiQL, useGraphiQLActions, type GraphiQLPlugin } from "@graphiql/react";

import { exampleGroups, tabOf, type Example, type Ids, type Viewer } from "./examples";

export const EXAMPLES = "Examples";

export function examplesPlugin(viewer: Viewer): GraphiQLPlugin {
  return { title: EXAMPLES, icon: Icon, content: () => <Examples viewer={viewer} /> };
}

function Examples({ viewer }: { viewer: Viewer }) {
  const open = useOpening(viewer.ids);
  return (
    <section className="examples" aria-label={EXAMPLES}>
      <div className="graphiql-doc-explorer-title">{EXAMPLES}</div>
      {exampleGroups(viewer).map(({ title, examples }) => (
        <div key={title}>
          <h2>{title}</h2>
          <ul>
            {examples.map((example) => (
              <li key={example.name}>
                <button type="button" onClick={() => open(example)}>
                  <strong>{example.title}</strong>
                  <span>{example.about}</span>
                </button>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </section>
  );
}

/** Shows an example: in the tab that has it already, else in a new one, with the headers of the tab before. */
function useOpening(ids: Ids): (example: Example) => void {
  const { addTab, changeTab, setOperationName } = useGraphiQLActions();
  const { tabs, queryEditor, variableEditor, headerEditor, defaultHeaders } = useGraphiQL((state) => ({
    tabs: state.tabs,
    queryEditor: state.queryEditor,
    variableEditor: state.variableEditor,
    headerEditor: state.headerEditor,
    defaultHeaders: state.defaultHeaders,
  }));
  return (example) => {
    const { query, variables, headers } = tabOf(example, ids, headerEditor?.getValue() ?? defaultHeaders ?? "");
    const shown = tabs.findIndex((tab) => tab.query === query);
    if (shown >= 0) {
      changeTab(shown);
    } else {
      addTab();
      queryEditor?.setValue(query);
      variableEditor?.setValue(variables);
      headerEditor?.setValue(headers);
    }
    // GraphiQL looks into the text some time later only, and would until then run the operation of the tab before.
    setOperationName(example.operation);
  };
}

function Icon() {
  return (
    <svg height="1em" viewBox="0 0 14 14" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
      <path d="M1 2.5h12M1 7h12M1 11.5h7" />
    </svg>
  );
}
