"""The graph and the saved operations: whether a server of these models and files starts."""

from api.app import document_limits, make_graph
from api.inspection.finding import Finding
from api.inspection.scene import Scene
from api.rest.route import read_routes
from schema.documents import Documents
from schema.errors import AcheneError
from schema.saved import Library, check_saved, deprecations, read_all


async def graph(scene: Scene) -> list[Finding]:
    """Look whether the graph can be built, and whether saved operations are valid and within the limits."""
    try:
        built = make_graph(scene.settings)
        documents = Documents(built.core, document_limits(scene.settings))
        texts = read_all((*built.operations, *scene.settings.operations))
        saved, problems = check_saved(built.core, documents, built.cost, texts)
        routes = [] if problems else read_routes(built, documents, Library(saved))
    except AcheneError as error:
        return [Finding.fail("graph", str(error), "Mend it: the server does not start.")]
    found = [Finding.ok("graph", f"{len(built.core.type_map)} types.")]
    found += [Finding.fail("operations", problem, "Mend it: the server does not start.") for problem in problems]
    found += [
        Finding.warn("operations", told, "Use what the description names instead.")
        for told in deprecations(built.core, texts)
    ]
    if not problems:
        found.append(Finding.ok("operations", f"{len(saved)} saved, {len(routes)} with a route; all are valid."))
    return found
