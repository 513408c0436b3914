"""The PostgreSQL that comes along: made, started, shared and stopped in a folder of the project."""
