SELECT CAST('{"posts":{"nodes":[' AS BPCHAR) AS j0, CAST(string_agg(concat('{"readingMinutes":0[', coalesce(to_json(CAST(p0.c0 AS TEXT)), 'null'::json), '],"excerpt":1[', coalesce(to_json(CAST(p0.c0 AS TEXT)), 'null'::json), ']}'), ',' ORDER BY p0.s0 ASC) AS BPCHAR) AS j1, CAST(']}}' AS BPCHAR) AS j2
FROM LATERAL (SELECT posts_1.body AS c0, posts_1.id AS s0
FROM posts AS posts_1 ORDER BY posts_1.id ASC
 LIMIT $1::BIGINT) AS p0
