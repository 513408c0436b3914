/** The plain form: a query, its variables and a key; the answer beneath. The key is kept nowhere. */

import { send } from "./fetcher.js";

const form = document.querySelector("form");
const output = document.querySelector("pre");
const START = `# What can be asked for
{
  __schema {
    queryType {
      fields {
        name
        description
      }
    }
  }
}`;

let running = null;

function readVariables(text) {
  if (!text.trim()) return {};
  try {
    return { variables: JSON.parse(text) };
  } catch (error) {
    throw new Error(`The variables are no JSON: ${error.message}`, { cause: error });
  }
}

async function run() {
  running?.abort();
  const mine = (running = new AbortController());
  const { query, variables, key } = Object.fromEntries(new FormData(form));
  output.textContent = "…";
  let text;
  try {
    const body = { query, ...readVariables(variables) };
    text = JSON.stringify(await send(body, { "X-API-Key": key }, mine.signal), null, 2);
  } catch (error) {
    text = error.message;
  }
  if (!mine.signal.aborted) output.textContent = text;
}

form.elements.query.value = START;
form.addEventListener("submit", (event) => {
  event.preventDefault();
  run();
});
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});
