/**
 * The browser's storage for GraphiQL, without the headers: a key in them is kept only where the user asked for
 * it in the settings. GraphiQL by itself writes them with each query of the history.
 */

const ASKED = "graphiql:shouldPersistHeaders";
const HEADERS = "graphiql:headers";
const OWN = /^graphiql:/;

/** What GraphiQL wanted to write, whole; for the moment in which the user asks to keep headers. */
const whole = new Map();

/** Whether the user asked to keep headers. */
export function areHeadersKept() {
  return localStorage.getItem(ASKED) === "true";
}

function withoutHeaders(name, value) {
  if (name === HEADERS) return "";
  if (!value.includes('"headers"')) return value;
  return JSON.stringify(JSON.parse(value, (key, each) => (key === "headers" ? null : each)));
}

function write(name, value) {
  localStorage.setItem(name, areHeadersKept() ? value : withoutHeaders(name, value));
}

export const storage = {
  get length() {
    return localStorage.length;
  },
  getItem: (name) => localStorage.getItem(name),
  setItem(name, value) {
    if (name !== ASKED) {
      whole.set(name, value);
      write(name, value);
      return;
    }
    localStorage.setItem(name, value);
    for (const [each, text] of whole) write(each, text);
  },
  removeItem(name) {
    whole.delete(name);
    localStorage.removeItem(name);
  },
  clear() {
    whole.clear();
    for (const name of Object.keys(localStorage)) if (OWN.test(name)) localStorage.removeItem(name);
  },
};
