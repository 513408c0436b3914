"""Batches: one statement a level, whatever the number of parents."""


class Loaders:
    """The batches of one request."""
