SELECT CAST('{"users":{"nodes":[' AS BPCHAR) AS j0, CAST(string_agg(concat('{"name":', to_json(CAST(p0.c1 AS TEXT)), ',"posts":', t1.json, '}'), ',' ORDER BY p0.s0 ASC) AS BPCHAR) AS j1, CAST(']}}' AS BPCHAR) AS j2
FROM LATERAL (SELECT users_1.id AS c0, users_1.name AS c1, users_1.id AS s0
FROM users AS users_1 ORDER BY users_1.id ASC
 LIMIT $1::BIGINT) AS p0 JOIN LATERAL (SELECT concat('{"nodes":[', string_agg(concat('{"id":"', rtrim(encode(CAST('Post:' || CAST(p1.c0 AS TEXT) AS BYTEA), 'base64'), '='), '","title":', to_json(CAST(p1.c2 AS TEXT)), ',"publishedAt":', CASE WHEN (p1.c1 IS NULL) THEN 'null' ELSE concat('"', CASE WHEN (p1.c1 >= '0001-01-01Z' AND p1.c1 < '10000-01-01Z') THEN replace(CAST(timezone('UTC', p1.c1) AS TEXT), ' ', 'T') || 'Z' WHEN isfinite(p1.c1) THEN CAST(CAST(CAST(p1.c1 AS TEXT) AS INTEGER) AS TEXT) ELSE CAST(p1.c1 AS TEXT) END, '"') END, ',"tags":', t2.json, ',"comments":', t3.json, '}'), ',' ORDER BY p1.s0 ASC), ']}') AS json
FROM LATERAL (SELECT posts_1.id AS c0, posts_1.published_at AS c1, posts_1.title AS c2, posts_1.id AS s0
FROM posts AS posts_1
WHERE p0.c0 = posts_1.author_id ORDER BY posts_1.id ASC
 LIMIT $2::BIGINT) AS p1 JOIN LATERAL (SELECT concat('{"nodes":[', string_agg(concat('{"name":', to_json(CAST(p2.c0 AS TEXT)), '}'), ',' ORDER BY p2.s0 ASC), ']}') AS json
FROM LATERAL (SELECT tags_1.name AS c0, tags_1.id AS s0
FROM tags AS tags_1 JOIN post_tags AS post_tags_1 ON tags_1.id = post_tags_1.tag_id
WHERE p1.c0 = post_tags_1.post_id ORDER BY tags_1.id ASC
 LIMIT $3::BIGINT) AS p2) AS t2 ON true JOIN LATERAL (SELECT concat('{"nodes":[', string_agg(concat('{"id":"', rtrim(encode(CAST('Comment:' || CAST(p3.c1 AS TEXT) AS BYTEA), 'base64'), '='), '","author":{"name":', to_json(CAST(users_2.name AS TEXT)), '}}'), ',' ORDER BY p3.s0 ASC), ']}') AS json
FROM LATERAL (SELECT comments_1.author_id AS c0, comments_1.id AS c1, comments_1.id AS s0
FROM comments AS comments_1
WHERE p1.c0 = comments_1.post_id ORDER BY comments_1.id ASC
 LIMIT $4::BIGINT) AS p3 LEFT OUTER JOIN users AS users_2 ON users_2.id = p3.c0) AS t3 ON true) AS t1 ON true
