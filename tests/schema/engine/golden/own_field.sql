SELECT convert_to(concat('{"posts":', (SELECT concat('{"nodes":[', string_agg(concat('{"readingMinutes":0[', coalesce(CAST(to_json(CAST(p0.c0 AS TEXT)) AS TEXT), 'null'), '],"excerpt":1[', coalesce(CAST(to_json(CAST(p0.c0 AS TEXT)) AS TEXT), 'null'), ']}'), ',' ORDER BY p0.s0 ASC), ']}') AS json
FROM LATERAL (SELECT posts_1.body AS c0, posts_1.id AS s0
FROM posts AS posts_1 ORDER BY posts_1.id ASC
 LIMIT $1::BIGINT) AS p0), '}'), 'UTF8') AS data
