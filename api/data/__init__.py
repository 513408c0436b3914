"""The data: addresses of PostgreSQL, pools, what is read and what is written, and by which server."""
