"""mercurius with graphql-jit: a schema and loaders by hand on Fastify, prepared statements over pg."""

from collections.abc import Mapping
from typing import ClassVar

from benchmarks.contest.contenders.node import NodeContender
from benchmarks.contest.contenders.strawberry import DOCUMENTS


class Mercurius(NodeContender):
    """mercurius; its server is `node/mercurius.mjs`."""

    name = "mercurius"
    about = "Fastify and mercurius on Node, jit: 1, loaders by hand"
    script = "mercurius.mjs"
    documents: ClassVar[Mapping[str, str]] = DOCUMENTS
