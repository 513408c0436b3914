"""REST from saved operations: an operation with `@route` is an endpoint.

    route       what an operation with a route says, read and checked once at start
    usage       what its variables are used for: which rules hold for them, and whose ids they are
    shape       what of an answer is shown: the rows, without what GraphQL has around them
    inputs      a request -> the operation's variables
    answers     the answer of the graph -> status, headers and body
    problems    errors as problem details
    schemas     types and selections as JSON Schema
    openapi     the endpoints in OpenAPI
    endpoint    all of it as an ASGI application

The graph runs such an operation as any other: keys, limits, rules and caches are the same.
"""
