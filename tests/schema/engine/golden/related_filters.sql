SELECT CAST('{"tags":{"nodes":[' AS BPCHAR) AS j0, CAST(string_agg(concat('{"name":', to_json(CAST(p0.c0 AS TEXT)), '}'), ',' ORDER BY p0.s0 DESC, p0.s1 DESC) AS BPCHAR) AS j1, CAST(']}}' AS BPCHAR) AS j2
FROM LATERAL (SELECT tags_1.name AS c0, (SELECT count(*) AS count_1
FROM posts AS posts_1 JOIN post_tags AS post_tags_1 ON posts_1.id = post_tags_1.post_id
WHERE tags_1.id = post_tags_1.tag_id) AS s0, tags_1.id AS s1
FROM tags AS tags_1
WHERE (EXISTS (SELECT 1
FROM posts AS posts_2 JOIN post_tags AS post_tags_2 ON posts_2.id = post_tags_2.post_id
WHERE tags_1.id = post_tags_2.tag_id AND (EXISTS (SELECT 1
FROM users AS users_1
WHERE users_1.id = posts_2.author_id AND users_1.age >= $1::INTEGER)))) AND (SELECT count(*) AS count_2
FROM posts AS posts_3 JOIN post_tags AS post_tags_3 ON posts_3.id = post_tags_3.post_id
WHERE tags_1.id = post_tags_3.tag_id) > $2::BIGINT ORDER BY (SELECT count(*) AS count_1
FROM posts AS posts_1 JOIN post_tags AS post_tags_1 ON posts_1.id = post_tags_1.post_id
WHERE tags_1.id = post_tags_1.tag_id) DESC, tags_1.id DESC
 LIMIT $3::BIGINT) AS p0
