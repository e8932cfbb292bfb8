// The audits that the authors of GraphQL over HTTP publish, one check each.

import { serverAudits } from "graphql-http";

export async function checks({ url, authorization }) {
  const fetchFn = (address, options = {}) =>
    fetch(address, { ...options, headers: { ...options.headers, authorization } });
  const audits = serverAudits({ url, fetchFn });
  return Object.fromEntries(
    audits.map((audit) => [
      `${audit.id} ${audit.name}`,
      async () => {
        const result = await audit.fn();
        if (result.status !== "ok") throw new Error(`${result.status}: ${result.reason}`);
      },
    ]),
  );
}
