"""More than one machine: standbys that are read from, and a pooler between."""
