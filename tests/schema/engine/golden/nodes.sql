SELECT CAST('{"nodes":' AS BPCHAR) AS j0, CAST((SELECT concat('[', string_agg(coalesce(f0.json, 'null'), ',' ORDER BY n0.n), ']') AS concat_1
FROM generate_series(0, $1::BIGINT - 1) AS n0(n) LEFT OUTER JOIN (SELECT "k0Post".n AS n, concat('{"__typename":"Post","title":', to_json(CAST(posts_1.title AS TEXT)), '}') AS json
FROM unnest($2::BIGINT[], $3::BIGINT[]) AS "k0Post"(n, k0) JOIN posts AS posts_1 ON posts_1.id = "k0Post".k0 UNION ALL SELECT "k0User".n AS n, concat('{"__typename":"User","name":', to_json(CAST(users_1.name AS TEXT)), ',"comments":', t1.json, '}') AS json
FROM unnest($4::BIGINT[], $5::BIGINT[]) AS "k0User"(n, k0) JOIN users AS users_1 ON users_1.id = "k0User".k0 JOIN LATERAL (SELECT concat('{"totalCount":', max(w1.a0), '}') AS json
FROM LATERAL (SELECT CAST(count(*) AS TEXT) AS a0
FROM comments AS comments_1
WHERE users_1.id = comments_1.author_id) AS w1) AS t1 ON true) AS f0 ON f0.n = n0.n) AS BPCHAR) AS j1, CAST('}' AS BPCHAR) AS j2
