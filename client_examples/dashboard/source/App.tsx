import { useView } from "./address/useView";
import { Dashboard } from "./Dashboard";
import { GraphContext } from "./graph/graph";
import { Announcer } from "./parts/Announcer";
import { SignIn } from "./session/SignIn";
import { useSession } from "./session/useSession";

/** Whoever has no key is asked for one; a key opens the books that it may see. */
export function App() {
  const { graph, refusal, signIn, signOut } = useSession();
  const { view, change, choose, forget } = useView();
  const leave = () => {
    signOut();
    forget();
  };
  if (graph === null) return <SignIn refusal={refusal} onKey={signIn} />;
  return (
    <GraphContext.Provider value={graph}>
      <Announcer>
        {/* Another tenant's books begin with nothing that belongs to the one before. */}
        <Dashboard key={view.tenant ?? ""} view={view} change={change} choose={choose} signOut={leave} />
      </Announcer>
    </GraphContext.Provider>
  );
}
