/** Takes the headers that were typed once along to tabs that have none, for as long as the page is open. */

import { pick, tryParseJSONC, useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { useEffect } from "react";

/** What stands in the header editor at first. */
export const NO_KEY = '{\n  "X-API-Key": ""\n}';

const UNTIL_TYPED_MS = 700;

const isEmpty = (text) => !text.trim() || text.trim() === NO_KEY;

/** The headers in an editor, an empty object where they are not finished. */
export function headersIn(editor) {
  try {
    return tryParseJSONC(editor?.getValue()) ?? {};
  } catch {
    return {};
  }
}

/** Shows nothing. New headers also fetch the schema, where it could not be had without them. */
export function HeaderKeeper() {
  const { headerEditor, schema } = useGraphiQL(pick("headerEditor", "schema"));
  const { introspect } = useGraphiQLActions();

  useEffect(() => {
    let typed = isEmpty(headerEditor?.getValue() ?? "") ? null : headerEditor.getValue();
    const listener = headerEditor?.onDidChangeModelContent(({ isFlush }) => {
      const now = headerEditor.getValue();
      if (!isFlush) typed = now;
      else if (typed && isEmpty(now)) setTimeout(() => headerEditor.setValue(typed));
    });
    return () => listener?.dispose();
  }, [headerEditor]);

  useEffect(() => {
    if (schema || !headerEditor) return undefined;
    if (!isEmpty(headerEditor.getValue())) introspect(); // GraphiQL's own attempt came before the editor was there
    let timer;
    const listener = headerEditor.onDidChangeModelContent(() => {
      clearTimeout(timer);
      timer = setTimeout(introspect, UNTIL_TYPED_MS);
    });
    return () => {
      clearTimeout(timer);
      listener.dispose();
    };
  }, [headerEditor, schema, introspect]);

  return null;
}
