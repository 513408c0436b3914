/** GraphiQL as Achene shows it: the key's header at hand, an example of each root field, nothing from elsewhere. */

import "./workers.js";
import "./console.css";

import { explorerPlugin } from "@graphiql/plugin-explorer";
import { HISTORY_PLUGIN } from "@graphiql/plugin-history";
import { GraphiQL } from "graphiql";
import { createRoot } from "react-dom/client";

import { EXAMPLES_PLUGIN } from "./examples-panel.jsx";
import { fetcher } from "../static/fetcher.js";
import { HeaderKeeper, NO_KEY } from "./header-keeper.jsx";
import { Logo } from "./logo.jsx";
import { areHeadersKept, storage } from "../static/storage.js";
import { FirstExample, WELCOME } from "./first-example.jsx";

const PLUGINS = [EXAMPLES_PLUGIN, explorerPlugin(), HISTORY_PLUGIN];

function Console() {
  return (
    <GraphiQL
      fetcher={fetcher}
      storage={storage}
      plugins={PLUGINS}
      visiblePlugin={EXAMPLES_PLUGIN}
      defaultQuery={WELCOME}
      defaultHeaders={NO_KEY}
      defaultEditorToolsVisibility="headers"
      shouldPersistHeaders={areHeadersKept()}
      showPersistHeadersSettings
      inputValueDeprecation
      schemaDescription
    >
      <GraphiQL.Logo>
        <Logo />
      </GraphiQL.Logo>
      <GraphiQL.Toolbar>
        {({ prettify, merge, copy }) => (
          <>
            {prettify}
            {merge}
            {copy}
            <HeaderKeeper />
            <FirstExample />
          </>
        )}
      </GraphiQL.Toolbar>
    </GraphiQL>
  );
}

createRoot(document.getElementById("console")).render(<Console />);
