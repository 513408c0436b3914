SELECT convert_to(concat('{"user":', coalesce((SELECT concat('{"id":"', rtrim(encode(CAST('User:' || CAST(users_1.id AS TEXT) AS BYTEA), 'base64'), '='), '","name":', CAST(to_json(CAST(users_1.name AS TEXT)) AS TEXT), ',"age":', coalesce(CAST(users_1.age AS TEXT), 'null'), '}') AS json
FROM users AS users_1
WHERE users_1.id = $1::BIGINT), 'null'), '}'), 'UTF8') AS data
