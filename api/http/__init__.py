"""HTTP: how a request comes in and what it passes, how it is read, and how an answer leaves."""
