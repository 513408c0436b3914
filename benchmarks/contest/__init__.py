"""The benchmark: the product against a hand-written floor and its peers, over HTTP, on one database, in one run."""
