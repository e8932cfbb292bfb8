/** What a page does behind its face: which requests it makes, to whom, and what it complains of. */

const seen = new WeakMap();

export function watched(page) {
  const record = { requests: [], sockets: [], scripts: [], complaints: [] };
  seen.set(page, record);
  page.on("request", (request) => record.requests.push({ url: request.url(), type: request.resourceType() }));
  page.on("websocket", (socket) => record.sockets.push(socket.url()));
  page.on("pageerror", (problem) => record.complaints.push(`error: ${problem.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") record.complaints.push(`console: ${message.text()}`);
  });
  page.on("requestfinished", async (request) => {
    if (request.resourceType() !== "script") return;
    record.scripts.push(request.sizes().then((sizes) => ({ url: request.url(), bytes: sizes.responseBodySize })));
  });
  return page;
}

export function seenOf(page) {
  return seen.get(page);
}
