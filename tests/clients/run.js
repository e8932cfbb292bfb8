// Runs the checks of some clients against a server: `node run.js URL KEY TENANT CLIENT ...`. One line of JSON a check.

const [url, key, tenant, ...clients] = process.argv.slice(2);
const server = {
  url,
  socketUrl: url.replace("http", "ws"),
  key,
  tenant,
  authorization: `Bearer ${key}`,
  /** Gives the tenant credits, so that there is something to be seen. */
  async give(credits, given = `${credits}-${Math.random()}`) {
    const query = `mutation ($input: GrantCreditsInput!) {
      grantCredits(input: $input) { grant { id } errors { message } } }`;
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: this.authorization },
      body: JSON.stringify({ query, variables: { input: { tenantId: tenant, key: given, credits } } }),
    });
    const answer = await response.json();
    if (!answer.data?.grantCredits.grant) throw new Error(JSON.stringify(answer));
  },
};

function within(seconds, promise) {
  return Promise.race([
    promise,
    new Promise((_, fail) => setTimeout(() => fail(new Error(`not within ${seconds} seconds`)), seconds * 1000).unref()),
  ]);
}

for (const client of clients) {
  const { checks } = await import(`./${client}.js`);
  for (const [name, check] of Object.entries(await checks(server))) {
    let error = null;
    try {
      await within(20, check());
    } catch (problem) {
      error = problem?.stack ?? JSON.stringify(problem);
    }
    console.log(JSON.stringify({ client, name, error }));
  }
}
process.exit(0);
