SELECT CAST('{"user":' AS BPCHAR) AS j0, CAST(coalesce((SELECT concat('{"id":"', rtrim(encode(CAST('User:' || CAST(users_1.id AS TEXT) AS BYTEA), 'base64'), '='), '","name":', to_json(CAST(users_1.name AS TEXT)), ',"age":', coalesce(CAST(users_1.age AS TEXT), 'null'), '}') AS json
FROM users AS users_1
WHERE users_1.id = $1::BIGINT), 'null') AS BPCHAR) AS j1, CAST('}' AS BPCHAR) AS j2
