// A real Relay against the server in the first argument, by the ids of persisted.json: a page of posts, the page after it,
// and one post again by its node. Prints JSON: the names of what was asked, and what Relay's store held of it.

import { Environment, Network, RecordSource, Store, fetchQuery } from "relay-runtime";

const operations = {};
for (const name of ["PostsQuery", "PostsPageQuery", "PostsAuthorQuery"]) {
  operations[name] = (await import(`./src/__generated__/${name}.graphql.js`)).default;
}
const sent = [];

async function ask({ id, name, text }, variables) {
  sent.push([name, text]);
  const options = { method: "POST", headers: { "Content-Type": "application/json" } };
  const response = await fetch(process.argv[2], { ...options, body: JSON.stringify({ id, variables }) });
  return response.json();
}

const environment = new Environment({ network: Network.create(ask), store: new Store(new RecordSource()) });

async function run(name, variables) {
  await fetchQuery(environment, operations[name], variables).toPromise();
  return environment.getStore().getSource().toJSON();
}

const first = await run("PostsQuery", {});
const posts = Object.values(first).filter((each) => each.__typename === "Post");
const page = Object.values(first).find((each) => each.__typename === "PageInfo");
const both = await run("PostsPageQuery", { count: 3, cursor: page.endCursor });
const again = await run("PostsAuthorQuery", { id: posts[0].id });
const titles = (records) => Object.values(records).filter((each) => each.title).map((each) => each.title);
console.log(JSON.stringify({ sent, first: titles(first), both: titles(both), author: again[posts[0].author.__ref].name }));
