"""Who may see and do what: rules of the models, decided for a caller, and put where every statement goes through.

A rule that names scopes alone is decided before anything runs: what is not given is refused by name. One that looks at
rows becomes a part of the table itself (`schema.graph.View`), so that rows and values that a caller may not see are not
there: for lists, filters, orders, aggregates and counts alike.
"""

from schema.rights.decide import Facts
from schema.rights.identity import PREFIX, Identity, claims_in
from schema.rights.refusals import Place, places_of_column
from schema.rights.sight import Sight, Sights
from schema.rights.touched import is_touching, refused, touched_places

__all__ = [
    "PREFIX",
    "Facts",
    "Identity",
    "Place",
    "Sight",
    "Sights",
    "claims_in",
    "is_touching",
    "places_of_column",
    "refused",
    "touched_places",
]
