"""The graph description -> Strawberry types, and the resolvers that read through the loaders."""
