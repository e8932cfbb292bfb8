// Writes documents.json beside the built page: every document that the page sends, by the sha256 of its text. With it the page
// also works on a server that answers trusted documents only: TALLYGRAPH_TRUSTED_DOCUMENTS=server/dashboard/dist/documents.json

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { stringifyDocument } from "@urql/core";
import { transformWithOxc } from "vite";

const generated = new URL("source/graph/generated.ts", import.meta.url);
const target = new URL("../../server/dashboard/dist/documents.json", import.meta.url);

const { code } = await transformWithOxc(readFileSync(generated, "utf8"), "generated.ts");
const parts = await import(`data:text/javascript;base64,${Buffer.from(code).toString("base64")}`);

const operations = Object.values(parts).filter((part) => part.definitions?.[0]?.kind === "OperationDefinition");
// The same words as urql and the socket send.
const texts = operations.map((document) => stringifyDocument(document));
const hashed = texts.map((text) => [createHash("sha256").update(text).digest("hex"), text]);
writeFileSync(target, `${JSON.stringify(Object.fromEntries(hashed), null, 2)}\n`);
