/** The pane with the examples: a click opens one in a tab of its own, filled in and ready to run. */

import { useGraphiQL, useGraphiQLActions, type GraphiQLPlugin } from "@graphiql/react";

import { exampleGroups, tabOf, type Example, type Ids, type Viewer } from "./examples";

export const EXAMPLES = "Examples";

/** Whether the window is as narrow as a phone's, as style.css says it too. */
export function isNarrow(): boolean {
  return matchMedia("(max-width: 700px)").matches;
}

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

/** Shows an example: in the tab that has it already, else in a new one. */
function useOpening(ids: Ids): (example: Example) => void {
  const { addTab, changeTab, setOperationName, setVisiblePlugin } = useGraphiQLActions();
  const { tabs, queryEditor, variableEditor } = useGraphiQL((state) => ({
    tabs: state.tabs,
    queryEditor: state.queryEditor,
    variableEditor: state.variableEditor,
  }));
  return (example) => {
    const { query, variables } = tabOf(example, ids);
    const shown = tabs.findIndex((tab) => tab.query === query);
    if (shown >= 0) {
      changeTab(shown);
    } else {
      addTab();
      queryEditor?.setValue(query);
      variableEditor?.setValue(variables);
    }
    // GraphiQL looks into the text some time later only, and would until then run the operation of the tab before.
    setOperationName(example.operation);
    // There the pane lies over what it has just opened.
    if (isNarrow()) setVisiblePlugin(null);
  };
}

function Icon() {
  return (
    <svg height="1em" viewBox="0 0 14 14" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
      <path d="M1 2.5h12M1 7h12M1 11.5h7" />
    </svg>
  );
}
