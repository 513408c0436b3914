"""The query language: filters, orders, pages, aggregates and groups, from arguments to frozen data to SQL.

The loaders and the engine both read with it, so that they mean the same. What a client sent becomes data in
`filter_arguments`, `order`, `page` and `group_arguments`; `conditions`, `keyset`, `groups` and `statements` make SQL
of it.
"""
