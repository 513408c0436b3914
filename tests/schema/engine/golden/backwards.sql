SELECT CAST('{"posts":{"pageInfo":{"hasPreviousPage":' AS BPCHAR) AS j0, CAST(CAST(count(p0.n) > $1::BIGINT AS TEXT) AS BPCHAR) AS j1, CAST(',"startCursor":' AS BPCHAR) AS j2, CAST(coalesce('"' || (array_agg(translate(encode(convert_to(CAST(json_build_array('Post:+.id', CAST(p0.o0 AS TEXT)) AS TEXT), 'UTF8'), 'base64'), E'+/=\n', '-_') ORDER BY p0.n DESC) FILTER (WHERE p0.n <= $1::BIGINT))[$2::INTEGER] || '"', 'null') AS BPCHAR) AS j3, CAST('},"nodes":[' AS BPCHAR) AS j4, CAST(string_agg(concat('{"id":"', rtrim(encode(CAST('Post:' || CAST(p0.c0 AS TEXT) AS BYTEA), 'base64'), '='), '"}'), ',' ORDER BY p0.n DESC) FILTER (WHERE p0.n <= $1::BIGINT) AS BPCHAR) AS j5, CAST(']}}' AS BPCHAR) AS j6
FROM LATERAL (SELECT q0.c0 AS c0, q0.o0 AS o0, row_number() OVER () AS n
FROM (SELECT posts_1.id AS c0, posts_1.id AS o0, posts_1.id AS s0
FROM posts AS posts_1 ORDER BY posts_1.id DESC
 LIMIT $1::BIGINT + 1) AS q0) AS p0
