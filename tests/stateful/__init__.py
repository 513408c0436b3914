"""Random sequences of mutations, against a plain model of what they should do."""
