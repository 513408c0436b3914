/** Starts GraphiQL 4, which other scripts of the page have loaded from a CDN. */

import { fetcher } from "./fetcher.js";
import { areHeadersKept, storage } from "./storage.js";

const { React, ReactDOM, GraphiQL } = globalThis;
const container = document.getElementById("console");

if (GraphiQL) {
  const properties = {
    fetcher,
    storage,
    defaultHeaders: '{\n  "X-API-Key": ""\n}',
    defaultEditorToolsVisibility: "headers",
    shouldPersistHeaders: areHeadersKept(),
    showPersistHeadersSettings: true,
  };
  ReactDOM.createRoot(container).render(React.createElement(GraphiQL, properties));
} else {
  container.textContent = "GraphiQL could not be loaded from the CDN. Run achene console build to have it served from here.";
}
