/** Sends operations to the address of this page, and nowhere else. */

const ACCEPT = "application/graphql-response+json, application/json;q=0.9";

/** Headers that say something: one whose value is still empty is not sent. */
function filled(headers) {
  return Object.fromEntries(Object.entries(headers ?? {}).filter(([, value]) => String(value ?? "").trim()));
}

/** Names are letters, digits and _, so that none has a meaning in a pattern. */
function names(query, name) {
  return new RegExp(`(^|\\W)${name}(\\W|$)`).test(query);
}

/**
 * Leave out the name of an operation that is not there.
 *
 * GraphiQL reads the names a moment after somebody stopped typing; who runs sooner would send the last document's.
 */
function current(body) {
  const { operationName, ...rest } = body;
  return operationName && names(body.query, operationName) ? body : rest;
}

/**
 * Send one operation and return the answer.
 *
 * @throws Error where the answer is no JSON, such as from a proxy between.
 */
export async function send(body, headers, signal) {
  const response = await fetch(location.pathname, {
    method: "POST",
    headers: { ...filled(headers), "Content-Type": "application/json", Accept: ACCEPT },
    body: JSON.stringify(current(body)),
    credentials: "same-origin",
    signal,
  });
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch (error) {
    const beginning = text.trim().slice(0, 200) || "nothing";
    throw new Error(`The answer is no JSON (status ${response.status}): ${beginning}`, { cause: error });
  }
}

/** GraphiQL's way to send; an observable, so that its Stop button ends the request. */
export function fetcher(body, options) {
  return {
    subscribe(observer) {
      const abort = new AbortController();
      const isWanted = () => !abort.signal.aborted;
      send(body, options?.headers, abort.signal).then(
        (answer) => {
          if (!isWanted()) return;
          observer.next(answer);
          observer.complete();
        },
        (error) => isWanted() && observer.error(error),
      );
      return { unsubscribe: () => abort.abort() };
    },
  };
}
