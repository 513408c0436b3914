"""The product without the engine: the same server, but every operation is run by resolvers and loaders.

`python -m benchmarks.contest.contenders.loaders PORT` serves it.
"""

import sys

from benchmarks.contest.contender import Place, python
from benchmarks.contest.contenders.engine import Engine


class Loaders(Engine):
    """The whole product, engine off."""

    name = "loaders"
    about = "Achene with the engine off: graphql-core, resolvers and loaders"

    def command(self, place: Place) -> list[str]:
        """Return the command that starts it."""
        return python(__name__, str(place.port))


def serve(port: int) -> None:
    """Serve as `achene serve` does, by a graph that compiles nothing."""
    from api.app import create_app, page_limits
    from api.http.listen import bind, until_stopped
    from api.serving.single import run
    from api.settings import Settings
    from schema.build import build_graph_schema

    settings = Settings(port=port)
    graph = build_graph_schema(limits=page_limits(settings), largest_cost=settings.largest_cost, is_compiled=False)
    with until_stopped(), bind(settings.host, settings.port) as listener:
        run(create_app(settings, settings.database_url or "", graph), listener, settings, lambda: None, lambda: None)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
