SELECT CAST('{"posts":{"totalCount":' AS BPCHAR) AS j0, CAST(max(w0.a0) AS BPCHAR) AS j1, CAST(',"nodes":[' AS BPCHAR) AS j2, CAST(string_agg(concat('{"title":', to_json(CAST(p0.c1 AS TEXT)), ',"author":{"name":', to_json(CAST(users_1.name AS TEXT)), '}}'), ',' ORDER BY p0.s0 DESC, p0.s1 DESC) FILTER (WHERE p0.s1 IS NOT NULL) AS BPCHAR) AS j3, CAST(']}}' AS BPCHAR) AS j4
FROM LATERAL (SELECT CAST(count(*) AS TEXT) AS a0
FROM posts AS posts_1
WHERE posts_1.draft = $1::BOOLEAN AND posts_1.category_id = $2::BIGINT) AS w0 LEFT OUTER JOIN LATERAL (SELECT posts_2.author_id AS c0, posts_2.title AS c1, posts_2.published_at AS s0, posts_2.id AS s1
FROM posts AS posts_2
WHERE posts_2.draft = $1::BOOLEAN AND posts_2.category_id = $2::BIGINT ORDER BY posts_2.published_at DESC, posts_2.id DESC
 LIMIT $3::BIGINT) AS p0 ON true LEFT OUTER JOIN users AS users_1 ON users_1.id = p0.c0
