"""The contenders, one a file; a server that is not the product's own stands beside its contender."""

from typing import Final

from benchmarks.contest.contender import Contender
from benchmarks.contest.contenders.engine import Engine
from benchmarks.contest.contenders.floor import Floor
from benchmarks.contest.contenders.loaders import Loaders
from benchmarks.contest.contenders.mercurius import Mercurius
from benchmarks.contest.contenders.postgraphile import PostGraphile
from benchmarks.contest.contenders.strawberry import Strawberry

CONTENDERS: Final[dict[str, Contender]] = {
    contender.name: contender for contender in (Floor(), Engine(), Loaders(), Strawberry(), PostGraphile(), Mercurius())
}
"""All contenders by name, in the order of the tables."""
