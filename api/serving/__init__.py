"""Serves an application: in this process, or in several that a supervisor keeps alive.

- `server`: one process; how it starts, and how it stops without dropping anything.
- `single`: that process where it is alone, and how it restarts.
- `terminal`: whether the terminal that it was started in is still there.
- `acceptor`: takes connections from a listener that several processes share, and shares them out evenly.
- `worker`: one of several processes; what it is told, and what it says.
- `process`: a worker as its supervisor sees it.
- `supervisor`: starts workers, replaces dead ones, restarts them one by one, stops them.
"""
