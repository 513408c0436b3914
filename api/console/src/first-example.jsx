/** Puts an example into the first tab of a first visit, as soon as the schema is there. */

import { pick, useGraphiQL } from "@graphiql/react";
import { useEffect } from "react";

import { makeExamples } from "./examples.js";
import { disown } from "./open-example.js";

/** What the first tab holds before. */
export const WELCOME = `# Ctrl-Enter runs it, Ctrl-Space
# completes what you type.
`;

/** The example that shows most, of those that need no variables; lists go first. */
function richest(examples) {
  const ready = examples.filter(({ variables }) => !Object.keys(variables).length);
  const lists = ready.filter(({ group }) => group === "lists");
  return (lists.length ? lists : ready).toSorted((one, other) => other.document.length - one.document.length)[0];
}

/** Shows nothing. */
export function FirstExample() {
  const { schema, queryEditor } = useGraphiQL(pick("schema", "queryEditor"));
  useEffect(() => {
    disown(WELCOME);
    if (!schema || queryEditor?.getValue().trim() !== WELCOME.trim()) return;
    const first = richest(makeExamples(schema));
    if (!first) return;
    const text = `${WELCOME}\n${first.document}`;
    disown(text);
    queryEditor.setValue(text);
  }, [schema, queryEditor]);
  return null;
}
