/** Opens an example in a tab: finds real values for its variables, and runs it if it only reads. */

import { pick, useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { parse } from "graphql";

import { send } from "../static/fetcher.js";
import { headersIn } from "./header-keeper.jsx";

/** Texts that we wrote ourselves: a tab that has one of them unchanged is used again. */
const ours = new Set([""]);

/** Say that a text is ours. */
export function disown(text) {
  ours.add(text.trim());
}

async function findVariables(example, headers) {
  if (!example.lookup) return example.variables;
  const answer = await send({ query: example.lookup.document }, headers);
  return (answer.data && example.lookup.read(answer.data)) ?? example.variables;
}

/** Return the function that opens an example. */
export function useOpenExample() {
  const editors = useGraphiQL(pick("queryEditor", "variableEditor", "headerEditor", "responseEditor"));
  const { addTab, run, stop, setOperationFacts } = useGraphiQLActions();
  const { queryEditor, variableEditor, headerEditor, responseEditor } = editors;

  function show(example, variables) {
    stop();
    if (!ours.has(queryEditor.getValue().trim())) addTab();
    const document = parse(example.document);
    const operations = [...document.definitions];
    disown(example.document);
    queryEditor.setValue(example.document);
    variableEditor?.setValue(Object.keys(variables).length ? JSON.stringify(variables, null, 2) : "");
    responseEditor?.setValue("");
    setOperationFacts({ documentAST: document, operationName: operations[0].name.value, operations });
  }

  return async function open(example) {
    const headers = headersIn(headerEditor);
    let variables = example.variables;
    try {
      variables = await findVariables(example, headers);
    } finally {
      show(example, variables);
    }
    if (example.group !== "mutations") setTimeout(run); // after the tab has taken over the headers
  };
}
