// Writes source/graph/generated.ts: the types of every query in source/queries, checked against the server's schema.
// The code generator's own command line does the same; this is it without the command line's hundred packages.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { codegen } from "@graphql-codegen/core";
import * as documentNodes from "@graphql-codegen/typed-document-node";
import * as operations from "@graphql-codegen/typescript-operations";
import { parse } from "graphql";

const schemaFile = new URL("../../schema.graphql", import.meta.url);
const folder = new URL("source/queries/", import.meta.url);
const target = new URL("source/graph/generated.ts", import.meta.url);

// Amounts stay texts, from the server to the screen: a JavaScript number would round them.
const scalars = {
  Credits: "string",
  Decimal: "string",
  DateTime: "string",
  Date: "string",
  BigInt: "number",
  ID: "string",
};

const documents = readdirSync(folder).map((name) => ({
  location: name,
  document: parse(readFileSync(new URL(name, folder), "utf8")),
}));

const text = await codegen({
  filename: "generated.ts",
  schema: parse(readFileSync(schemaFile, "utf8")),
  documents,
  config: { scalars, useTypeImports: true, documentNodeImport: "@urql/core#TypedDocumentNode" },
  plugins: [{ operations: {} }, { documentNodes: {} }],
  pluginMap: { operations, documentNodes },
});

writeFileSync(target, `// Made from schema.graphql and source/queries by types.js. Not in git.\n${text}\n`);
