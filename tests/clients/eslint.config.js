// What schema.graphql is held to: all that graphql-eslint recommends for schemas, its rules for Relay, and descriptions
// of everything. A rule that is switched off, or bent, has its reason beside it.

import graphql from "@graphql-eslint/eslint-plugin";

const { rules: recommended } = graphql.configs["flat/schema-recommended"];
const { rules: relay } = graphql.configs["flat/schema-relay"];

const rules = {
  ...recommended,
  ...relay,
  "no-scalar-result-type-on-mutation": "error",
  "require-description": [
    "error",
    {
      types: true,
      rootField: true,
      FieldDefinition: true,
      InputValueDefinition: true,
      EnumValueDefinition: true,
      DirectiveDefinition: true,
      // The specification's own, which it prints without one.
      ignoredSelectors: ["[type=DirectiveDefinition][name.value=oneOf]"],
    },
  ],
  // Lists that are no pages are plain: errors of a payload, the pools of an account, the lines of a charge. And a page
  // has `nodes` beside its `edges`, for those who need no cursors.
  "relay-edge-types": ["error", { withEdgeSuffix: true, shouldImplementNode: true, listTypeCanWrapOnlyEdgeType: false }],
  // Relay asks for pages forwards or backwards: lists that are only ever read from their newest end offer one way.
  "relay-arguments": ["error", { includeBoth: false }],
  // What can be asked for again implements Node, which has an id. Amounts, pages, payloads and sums are values, and a
  // made-up id would let caches take one for another.
  "strict-id-in-types": "off",
};

export default [
  {
    files: ["**/*.graphql"],
    languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema: "schema.graphql" } } },
    plugins: { "@graphql-eslint": graphql },
    rules: Object.fromEntries(
      Object.entries(rules).map(([name, rule]) => [name.startsWith("@") ? name : `@graphql-eslint/${name}`, rule]),
    ),
  },
];
