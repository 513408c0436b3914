/** The panel that lists an example for each root field. */

import { useGraphiQL } from "@graphiql/react";
import { useMemo, useState } from "react";

import { makeExamples } from "./examples.js";
import { useOpenExample } from "./open-example.js";

const GROUPS = {
  lists: "Lists",
  objects: "One object",
  others: "More",
  mutations: "Mutations (opened, not run)",
};

function Icon() {
  return (
    <svg viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth="1.25" strokeLinejoin="round" height="1em">
      <path d="M5.5 1.5h5M6.5 1.5v4.2L2.4 12.6a1.3 1.3 0 0 0 1.1 1.9h9a1.3 1.3 0 0 0 1.1-1.9L9.5 5.7V1.5" />
      <path d="M4.3 9.8h7.4" />
    </svg>
  );
}

/** The first sentence of a description, as plain text. */
function beginning(description) {
  return description.replaceAll("`", "").split(/(?<=[.:;])\s/)[0].replace(/[:;]$/, ".");
}

function Group({ title, examples, open }) {
  if (!examples.length) return null;
  return (
    <section className="achene-examples-group">
      <h2>{title}</h2>
      <ul>
        {examples.map((example) => (
          <li key={example.name}>
            <button type="button" onClick={() => open(example)}>
              <code>{example.name}</code>
              <span>{beginning(example.description)}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Missing() {
  const { isIntrospecting, fetchError } = useGraphiQL(({ isIntrospecting, fetchError }) => ({
    isIntrospecting,
    fetchError,
  }));
  if (isIntrospecting || !fetchError) return <p role="status">Reading the schema …</p>;
  return (
    <p role="status">
      The schema could not be read. Where a key is needed, put it under <em>Headers</em> as the value of{" "}
      <code>X-API-Key</code>; the schema is then fetched by itself.
    </p>
  );
}

function Examples() {
  const schema = useGraphiQL((state) => state.schema);
  const examples = useMemo(() => (schema ? makeExamples(schema) : []), [schema]);
  const [wanted, setWanted] = useState("");
  const open = useOpenExample();
  const shown = examples.filter(({ name }) => name.toLowerCase().includes(wanted.trim().toLowerCase()));
  return (
    <div className="achene-examples">
      <header className="achene-examples-header">
        <h1>Examples</h1>
        <input
          type="search"
          placeholder="Find a field"
          aria-label="Find a field"
          value={wanted}
          onChange={(event) => setWanted(event.currentTarget.value)}
        />
      </header>
      {schema ? (
        Object.entries(GROUPS).map(([group, title]) => (
          <Group key={group} title={title} examples={shown.filter((each) => each.group === group)} open={open} />
        ))
      ) : (
        <Missing />
      )}
      {schema && !shown.length && <p role="status">No root field is called that.</p>}
    </div>
  );
}

export const EXAMPLES_PLUGIN = { title: "Examples", icon: Icon, content: Examples };
