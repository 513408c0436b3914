// A real Apollo Client against the server in the first argument: automatic persisted queries by POST and by GET, and an
// operation of manifest.json, which @apollo/generate-persisted-query-manifest made of listed.graphql. Prints JSON:
// the requests that were sent, and what was answered.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { ApolloClient, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { generatePersistedQueryIdsFromManifest } from "@apollo/persisted-query-lists";

const uri = process.argv[2];
const sent = [];

async function spy(address, options) {
  const answer = await fetch(address, options);
  const hasQuery = `${address}${options.body ?? ""}`.includes("totalCount");
  sent.push([options.method, hasQuery ? "query" : "hash", answer.status]);
  return answer;
}

function client(link) {
  return new ApolloClient({ link, cache: new InMemoryCache() });
}

const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const query = gql`query Taught($first: Int!) { users(first: $first) { totalCount } }`;
const answers = [];
for (const useGETForHashedQueries of [false, true]) {
  const persisted = new PersistedQueryLink({ sha256, useGETForHashedQueries });
  const http = new HttpLink({ uri, fetch: spy });
  const { data } = await client(persisted.concat(http)).query({ query, variables: { first: 1 } });
  answers.push(data.users.totalCount);
}
const manifest = JSON.parse(readFileSync("manifest.json", "utf8"));
const link = new PersistedQueryLink(generatePersistedQueryIdsFromManifest({ loadManifest: async () => manifest }));
const listed = gql(readFileSync("listed.graphql", "utf8"));
const { data } = await client(link.concat(new HttpLink({ uri, fetch: spy }))).query({ query: listed });
answers.push(data.tags.totalCount);
console.log(JSON.stringify({ sent, answers }));
