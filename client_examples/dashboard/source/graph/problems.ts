/** What can go wrong between here and the server, in the few kinds that a page treats differently. */

import type { CombinedError } from "@urql/core";

export type ProblemKind =
  /** The server could not be reached: worth trying again by itself. */
  | "unreachable"
  /** The key does not count, or no longer. */
  | "key"
  /** The key counts, but may not see this. */
  | "forbidden"
  /** Everything else that the server said. */
  | "refused";

export type Problem = { kind: ProblemKind; message: string };

type Coded = { message: string; extensions?: { code?: unknown; errorId?: unknown } | undefined };

/** The problem behind urql's error. */
export function problemOf(error: CombinedError): Problem {
  const response = error.response as Response | undefined;
  if (error.graphQLErrors.length > 0) return problemOfErrors(error.graphQLErrors);
  if (response?.status === 401) return { kind: "key", message: "This key is unknown, has ended or was revoked." };
  if (error.networkError && (response === undefined || response.status >= 502)) return unreachable;
  return { kind: "refused", message: error.networkError?.message ?? error.message };
}

export const unreachable: Problem = { kind: "unreachable", message: "The server cannot be reached." };

/** The problem that the errors of an answer, or of a subscription, tell of. */
export function problemOfErrors(errors: readonly Coded[]): Problem {
  const codes = errors.map((error) => error.extensions?.code);
  if (codes.includes("UNAUTHENTICATED"))
    return { kind: "key", message: "This key is unknown, has ended or was revoked." };
  if (codes.includes("FORBIDDEN")) return { kind: "forbidden", message: "This key may not see a tenant's books." };
  const [first] = errors;
  const number = first?.extensions?.errorId;
  const message = first?.message ?? "Something went wrong.";
  return { kind: "refused", message: number ? `${message} (${String(number)})` : message };
}

/** Why a mutation was refused, as one sentence for people; null where it was not. */
export function refusalOf(errors: readonly { message: string }[] | undefined): string | null {
  return errors?.length ? errors.map((error) => error.message).join(" ") : null;
}
