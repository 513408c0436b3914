SELECT convert_to(concat('{"posts":', (SELECT concat('{"totalCount":', max(w0.a0), ',"nodes":[', string_agg(concat('{"title":', CAST(to_json(CAST(p0.c1 AS TEXT)) AS TEXT), ',"author":{"name":', CAST(to_json(CAST(users_1.name AS TEXT)) AS TEXT), '}}'), ',' ORDER BY p0.s0 DESC, p0.s1 DESC) FILTER (WHERE p0.s1 IS NOT NULL), ']}') AS json
FROM LATERAL (SELECT CAST(count(*) AS TEXT) AS a0
FROM posts AS posts_1
WHERE posts_1.draft = $1::BOOLEAN AND posts_1.category_id = $2::BIGINT) AS w0 LEFT OUTER JOIN LATERAL (SELECT posts_2.author_id AS c0, posts_2.title AS c1, posts_2.published_at AS s0, posts_2.id AS s1
FROM posts AS posts_2
WHERE posts_2.draft = $1::BOOLEAN AND posts_2.category_id = $2::BIGINT ORDER BY posts_2.published_at DESC, posts_2.id DESC
 LIMIT $3::BIGINT) AS p0 ON true LEFT OUTER JOIN users AS users_1 ON users_1.id = p0.c0), '}'), 'UTF8') AS data
