SELECT CAST('{"tags":{"nodes":[' AS BPCHAR) AS j0, CAST(string_agg(concat('{"id":"', rtrim(encode(CAST('Tag:' || CAST(p0.c0 AS TEXT) AS BYTEA), 'base64'), '='), '","name":', to_json(CAST(p0.c1 AS TEXT)), '}'), ',' ORDER BY p0.s0 ASC) AS BPCHAR) AS j1, CAST(']}}' AS BPCHAR) AS j2
FROM LATERAL (SELECT tags_1.id AS c0, tags_1.name AS c1, tags_1.id AS s0
FROM tags AS tags_1 ORDER BY tags_1.id ASC
 LIMIT $1::BIGINT) AS p0
