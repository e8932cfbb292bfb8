import { useEffect, useRef } from "preact/hooks";
import type { ChangeView } from "./address/useView";
import type { View } from "./address/view";
import { useBooks } from "./books/useBooks";
import { useRevision } from "./books/useRevision";
import { BooksPage } from "./BooksPage";
import { Skeleton } from "./parts/Skeleton";
import { Trouble } from "./parts/Trouble";
import { ConnectionNotice } from "./shell/ConnectionNotice";
import { ExplorerLink } from "./shell/ExplorerLink";
import { Header } from "./shell/Header";
import { NoBooks } from "./shell/NoBooks";
import { TenantList } from "./tenants/TenantList";

type Props = {
  view: View;
  change: ChangeView;
  choose: (tenant: string | null) => void;
  signOut: () => void;
};

/** What a key sees: its tenant's books, a list of tenants for an operator, or that it may see neither. */
export function Dashboard({ view, change, choose, signOut }: Props) {
  const revision = useRevision();
  const books = useBooks(view, revision.revision);
  const { viewer, tenant, problem } = books;
  const isOperator = viewer?.role === "OPERATOR";
  const listsTenants = isOperator && view.tenant === null;

  const title = tenant?.name ?? (listsTenants ? "Tenants" : undefined);
  const place = useRef<HTMLElement>(null);
  useEffect(() => {
    document.title = title ? `${title} · Tallygraph` : "Tallygraph";
    // What was clicked to come here has gone: reading begins at the figures.
    if (title && document.activeElement === document.body) place.current?.focus({ preventScroll: true });
  }, [title]);

  const main = () => {
    if (problem?.kind === "forbidden") return <NoBooks role={viewer?.role} signOut={signOut} />;
    if (tenant) {
      return <BooksPage {...{ view, change, books, tenant, isOperator, revision }} />;
    }
    if (problem) return <Trouble problem={problem} again={books.again} />;
    if (viewer === undefined) return <FirstView />;
    if (listsTenants) {
      return (
        <>
          <h1 class="for-readers">Whose books?</h1>
          <TenantList onChoose={choose} />
        </>
      );
    }
    return <UnknownTenant isOperator={isOperator} choose={choose} />;
  };
  return (
    <>
      <a class="skip" href="#books">
        Skip to the figures
      </a>
      <Header
        tenant={tenant?.name}
        plan={tenant?.plan.name}
        keyName={viewer?.keyName}
        onAllTenants={isOperator && view.tenant !== null ? () => choose(null) : undefined}
        signOut={signOut}
      />
      <ConnectionNotice zone={tenant?.timeZone} />
      <main id="books" ref={place} tabIndex={-1}>
        {main()}
      </main>
      <footer class="foot soft">
        Every figure here is an answer of the graph. <ExplorerLink />
      </footer>
    </>
  );
}

function FirstView() {
  return (
    <div class="first-view">
      {["the balance", "the figures", "the chart", "the log"].map((part) => (
        <div class="panel" key={part}>
          <Skeleton of={part} lines={4} />
        </div>
      ))}
    </div>
  );
}

function UnknownTenant({ isOperator, choose }: { isOperator: boolean; choose: Props["choose"] }) {
  return (
    <div class="panel notice">
      <h1>This tenant is unknown</h1>
      <p>The address names a tenant that does not exist, or that this key may not see.</p>
      <button type="button" class="primary" onClick={() => choose(null)}>
        {isOperator ? "Choose a tenant" : "Show my own books"}
      </button>
    </div>
  );
}
