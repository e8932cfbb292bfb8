// Writes types for the whole graph and for some operations: `node generate.js SCHEMA OPERATIONS`. Every scalar must be
// given a type.

import { readFileSync, writeFileSync } from "node:fs";
import { codegen } from "@graphql-codegen/core";
import * as typedDocumentNode from "@graphql-codegen/typed-document-node";
import * as typescript from "@graphql-codegen/typescript";
import * as operations from "@graphql-codegen/typescript-operations";
import { parse } from "graphql";

const [schema, documents] = process.argv.slice(2);
const read = (file) => parse(readFileSync(file, "utf8"));
const config = {
  strictScalars: true,
  enumsAsTypes: true,
  useTypeImports: true,
  scalars: { BigInt: "string", Credits: "string", Date: "string", DateTime: "string", Decimal: "string" },
};

async function write(filename, plugins) {
  const code = await codegen({
    filename,
    schema: read(schema),
    documents: [{ location: documents, document: read(documents) }],
    config,
    plugins: plugins.map((name) => ({ [name]: {} })),
    pluginMap: { typescript, operations, documents: typedDocumentNode },
  });
  writeFileSync(filename, code);
}

await write("graph.ts", ["typescript"]);
await write("generated.ts", ["operations", "documents"]);
