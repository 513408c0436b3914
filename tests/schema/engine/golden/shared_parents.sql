WITH r0 AS
(SELECT p0.n AS n, p0.c0 AS c0, users_1.id AS c1, users_1.name AS c2
FROM LATERAL (SELECT q0.c0 AS c0, row_number() OVER () AS n
FROM (SELECT posts_1.author_id AS c0, posts_1.id AS s0
FROM posts AS posts_1 ORDER BY posts_1.id ASC
 LIMIT $1::BIGINT) AS q0) AS p0 LEFT OUTER JOIN users AS users_1 ON users_1.id = p0.c0),
t1 AS
(SELECT k1.k0 AS k0, l1.json AS json
FROM (SELECT DISTINCT r0.c1 AS k0
FROM r0
WHERE r0.c1 IS NOT NULL) AS k1 JOIN LATERAL (SELECT concat('{"nodes":[', string_agg(concat('{"title":', to_json(CAST(p1.c0 AS TEXT)), '}'), ',' ORDER BY p1.s0 DESC, p1.s1 DESC), ']}') AS json
FROM LATERAL (SELECT posts_2.title AS c0, posts_2.view_count AS s0, posts_2.id AS s1
FROM posts AS posts_2
WHERE k1.k0 = posts_2.author_id ORDER BY posts_2.view_count DESC, posts_2.id DESC
 LIMIT $2::BIGINT) AS p1) AS l1 ON true)
 SELECT CAST('{"posts":' AS BPCHAR) AS j0, CAST((SELECT concat('{"nodes":[', string_agg(concat('{"author":{"name":', to_json(CAST(r0.c2 AS TEXT)), ',"posts":', coalesce(t1.json, '{"nodes":[]}'), '}}'), ',' ORDER BY r0.n ASC), ']}') AS json
FROM r0 LEFT OUTER JOIN t1 ON r0.c1 = t1.k0) AS BPCHAR) AS j1, CAST('}' AS BPCHAR) AS j2
