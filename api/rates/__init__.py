"""How much each caller may ask in a time: requests, and what operations could read.

`rates` decides. `policy` is what the settings say, `standing` where a caller stands and how headers tell it.
`counters` says what counts: `memory` in one server, `shared` in a store of several.
"""
