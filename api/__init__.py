"""The web: all that knows HTTP. Imports `schema`; `schema` never imports this package."""
