"""Writing: an input becomes a plan of rows, the plan becomes statements, and what went wrong becomes data.

- `problems`: what can go wrong, as data;
- `plan`: the rows that an input asks for, frozen;
- `read`: input -> plan, with all problems that show without the database;
- `write`, `children`, `run`, `rows`: plan -> statements, one a place of the input whatever the number of rows;
- `violations`: what PostgreSQL refused -> the place of the input that caused it.

Nothing here knows GraphQL's execution; `schema.types.mutators` does. Mutations of a team's own are in
`schema.mutations`.
"""
