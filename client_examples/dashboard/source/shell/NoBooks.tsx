import type { Role } from "../graph/generated";

const words: Partial<Record<Role, string>> = {
  MEMBER: "This key is a member's. Members have a seat, but do not see usage and credits.",
  RECORDER: "This key is a recorder's. It reports usage, and does not see the books.",
};

/** For keys that count, and may not see the books. */
export function NoBooks({ role, signOut }: { role: Role | undefined; signOut: () => void }) {
  return (
    <div class="panel notice" role="alert">
      <h1>The books are closed to this key</h1>
      <p>{(role && words[role]) ?? "This key may not see usage and credits."}</p>
      <p>Ask an admin of your organisation for an admin's key.</p>
      <button type="button" class="primary" onClick={signOut}>
        Sign in with another key
      </button>
    </div>
  );
}
