// What a page of posts asks for, as a Relay application writes it: relay-compiler makes queries of these.

import { graphql } from "relay-runtime";

graphql`
  query PostsQuery { ...Posts_list }
`;

graphql`
  fragment Posts_list on Query
  @argumentDefinitions(count: { type: "Int", defaultValue: 2 }, cursor: { type: "String" })
  @refetchable(queryName: "PostsPageQuery") {
    posts(first: $count, after: $cursor, orderBy: [{ id: ASC }]) @connection(key: "Posts_posts") {
      edges { node { title ...Posts_author } }
    }
  }
`;

graphql`
  fragment Posts_author on Post @refetchable(queryName: "PostsAuthorQuery") {
    author { name }
  }
`;
