"""Subcommands of `achene`, one a file; `api.cli` puts them together."""
