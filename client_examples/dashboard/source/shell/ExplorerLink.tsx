import { storedKey } from "../session/key";

/** Opens GraphiQL, signed in. The key goes in the fragment, which is never sent, and is not in the page's links. */
export function ExplorerLink() {
  const openSignedIn = (event: MouseEvent) => {
    const key = storedKey();
    if (key === null) return;
    event.preventDefault();
    open(`/graphql#${new URLSearchParams({ key })}`, "_blank", "noopener");
  };
  return (
    <a href="/graphql" target="_blank" rel="noopener" onClick={openSignedIn}>
      Ask it yourself in GraphiQL.
    </a>
  );
}
