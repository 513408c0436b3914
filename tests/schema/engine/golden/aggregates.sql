SELECT CAST('{"users":{"nodes":[' AS BPCHAR) AS j0, CAST(string_agg(concat('{"name":', to_json(CAST(p0.c1 AS TEXT)), ',"posts":', t1.json, '}'), ',' ORDER BY p0.s0 ASC) AS BPCHAR) AS j1, CAST(']}}' AS BPCHAR) AS j2
FROM LATERAL (SELECT users_1.id AS c0, users_1.name AS c1, users_1.id AS s0
FROM users AS users_1 ORDER BY users_1.id ASC
 LIMIT $1::BIGINT) AS p0 JOIN LATERAL (SELECT concat('{"totalCount":', max(w1.a0), ',"aggregate":{"sum":{"viewCount":', max(w1.a1), '},"max":{"publishedAt":', max(w1.a2), '}}}') AS json
FROM LATERAL (SELECT CAST(count(*) AS TEXT) AS a0, CASE WHEN (CAST(sum(posts_1.view_count) AS BIGINT) IS NULL) THEN 'null' ELSE concat('"', CAST(CAST(sum(posts_1.view_count) AS BIGINT) AS TEXT), '"') END AS a1, CASE WHEN (max(posts_1.published_at) IS NULL) THEN 'null' ELSE concat('"', CASE WHEN (max(posts_1.published_at) >= '0001-01-01Z' AND max(posts_1.published_at) < '10000-01-01Z') THEN replace(CAST(timezone('UTC', max(posts_1.published_at)) AS TEXT), ' ', 'T') || 'Z' WHEN isfinite(max(posts_1.published_at)) THEN CAST(CAST(CAST(max(posts_1.published_at) AS TEXT) AS INTEGER) AS TEXT) ELSE CAST(max(posts_1.published_at) AS TEXT) END, '"') END AS a2
FROM posts AS posts_1
WHERE p0.c0 = posts_1.author_id AND posts_1.draft = $2::BOOLEAN) AS w1) AS t1 ON true
