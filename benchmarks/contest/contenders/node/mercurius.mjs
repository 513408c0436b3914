// mercurius by hand: `node mercurius.mjs PORT`; PGHOST and its like name the database.
// Loaders batch each relation, statements are prepared by name, and graphql-jit compiles a query once it was seen.

import Fastify from "fastify";
import { GraphQLScalarType } from "graphql";
import mercurius from "mercurius";
import pg from "pg";

const pool = new pg.Pool({ max: 10 });

const schema = `
  scalar DateTime
  type Tag { name: String! }
  type User { id: ID! name: String! email: String! age: Int bio: String posts(first: Int!): [Post!]! }
  type Comment { id: ID! body: String! author: User! }
  type Post {
    id: ID! title: String! slug: String! description: String body: String! draft: Boolean!
    publishedAt: DateTime viewCount: Int! author: User! tags: [Tag!]! comments(first: Int!): [Comment!]!
  }
  type CreateComment { comment: Comment! }
  type Mutation { createComment(post: ID!, author: ID!, body: String!): CreateComment! }
  type PostPage { totalCount: Int! nodes: [Post!]! }
  type Query {
    user(id: ID!): User
    users(first: Int!, after: ID!): [User!]!
    posts(first: Int!, after: ID!): [Post!]!
    publishedPosts(category: ID!, first: Int!): PostPage!
  }
`;

const USER = "id, name, email, age, bio";
const POST = `id, title, slug, description, body, draft, published_at AS "publishedAt", view_count AS "viewCount",
  author_id AS "authorId"`;

const TEXTS = {
  user: `SELECT ${USER} FROM users WHERE id = $1`,
  users: `SELECT ${USER} FROM users WHERE id > $2 ORDER BY id LIMIT $1`,
  posts: `SELECT ${POST} FROM posts WHERE id > $2 ORDER BY id LIMIT $1`,
  published: `SELECT ${POST} FROM posts WHERE category_id = $1 AND NOT draft
    ORDER BY published_at DESC, id DESC LIMIT $2`,
  publishedCount: "SELECT count(*)::int AS count FROM posts WHERE category_id = $1 AND NOT draft",
  createComment: `INSERT INTO comments (post_id, author_id, body) VALUES ($1, $2, $3)
    RETURNING id, body, author_id AS "authorId"`,
  usersById: `SELECT ${USER} FROM users WHERE id = ANY ($1::bigint[])`,
  postsByAuthor: `SELECT p.* FROM unnest($1::bigint[]) AS a (id) CROSS JOIN LATERAL
    (SELECT ${POST} FROM posts WHERE author_id = a.id ORDER BY id LIMIT $2) AS p`,
  commentsByPost: `SELECT c.* FROM unnest($1::bigint[]) AS a (id) CROSS JOIN LATERAL
    (SELECT id, body, post_id AS "postId", author_id AS "authorId" FROM comments
     WHERE post_id = a.id ORDER BY id LIMIT $2) AS c`,
  tagsByPost: `SELECT post_id AS "postId", name FROM post_tags JOIN tags ON tags.id = tag_id
    WHERE post_id = ANY ($1::bigint[]) ORDER BY tags.id`,
};

async function rows(name, ...values) {
  return (await pool.query({ name, text: TEXTS[name], values })).rows;
}

function grouped(keys, found, key) {
  const groups = new Map(keys.map((each) => [each, []]));
  for (const row of found) {
    groups.get(row[key]).push(row);
  }
  return keys.map((each) => groups.get(each));
}

async function authors(queries) {
  const ids = queries.map(({ obj }) => obj.authorId);
  const found = new Map((await rows("usersById", [...new Set(ids)])).map((row) => [row.id, row]));
  return ids.map((id) => found.get(id));
}

// A loader gets all parents of one request; where their arguments differ, each value of `first` is a batch of its own.
async function pages(queries, name, key) {
  const byFirst = new Map();
  queries.forEach(({ obj, params }, place) => {
    if (!byFirst.has(params.first)) {
      byFirst.set(params.first, []);
    }
    byFirst.get(params.first).push({ id: obj.id, place });
  });
  const result = [];
  for (const [first, asked] of byFirst) {
    const ids = asked.map(({ id }) => id);
    const lists = grouped(ids, await rows(name, ids, first), key);
    asked.forEach(({ place }, index) => {
      result[place] = lists[index];
    });
  }
  return result;
}

const loader = (load) => ({ loader: load, opts: { cache: false } });

const resolvers = {
  DateTime: new GraphQLScalarType({ name: "DateTime", serialize: (value) => value.toISOString() }),
  Query: {
    user: async (_, { id }) => (await rows("user", id))[0] ?? null,
    users: (_, { first, after }) => rows("users", first, after),
    posts: (_, { first, after }) => rows("posts", first, after),
    publishedPosts: (_, { category, first }) => ({ category, first }),
  },
  Mutation: {
    createComment: async (_, { post, author, body }) => ({
      comment: (await rows("createComment", post, author, body))[0],
    }),
  },
  PostPage: {
    totalCount: async ({ category }) => (await rows("publishedCount", category))[0].count,
    nodes: ({ category, first }) => rows("published", category, first),
  },
};

const loaders = {
  User: { posts: loader((queries) => pages(queries, "postsByAuthor", "authorId")) },
  Comment: { author: loader(authors) },
  Post: {
    author: loader(authors),
    comments: loader((queries) => pages(queries, "commentsByPost", "postId")),
    tags: loader(async (queries) => {
      const ids = queries.map(({ obj }) => obj.id);
      return grouped(ids, await rows("tagsByPost", ids), "postId");
    }),
  },
};

const app = Fastify();
app.register(mercurius, { schema, resolvers, loaders, jit: 1 });
await app.listen({ port: Number(process.argv[2]), host: "127.0.0.1" });
