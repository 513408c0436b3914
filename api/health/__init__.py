"""How the server is: the endpoints for probes and people, and what they look at."""
