"""Content for the publishing graph: demo content of any size, and the import of folders of Markdown.

It writes the tables of the default graph and nothing else; a team that replaces the models of
`schema/models/` removes this package with them.
"""
