"""The graph: models, their description, and everything that is made from it. Knows no HTTP."""
