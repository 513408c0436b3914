"""Settings that are right on one's own machine and wrong in production, and those that do not fit together."""

import os

from api.http.middleware import trusted_hosts
from api.inspection.finding import Finding
from api.inspection.scene import Scene
from schema.principal import EVERY


async def environment(scene: Scene) -> list[Finding]:
    """Look whether the server takes itself to be in production."""
    if scene.settings.database_url is None:
        says = "DATABASE_URL is not set: the server would start a PostgreSQL of its own, in development."
        return [Finding.fail("environment", says, "Set DATABASE_URL to your PostgreSQL.")]
    if scene.settings.is_development:
        says = "ACHENE_ENVIRONMENT is development: defaults are open."
        return [Finding.fail("environment", says, "Unset it, or set it to production, and open what you mean to open.")]
    return [Finding.ok("environment", "Production: what no setting opens is closed.")]


async def hosts(scene: Scene) -> list[Finding]:
    """Look which host names are answered."""
    names = trusted_hosts(scene.settings)
    if not names:
        says = "No host name is answered, but for health probes."
        return [Finding.fail("hosts", says, "Name the public ones in ACHENE_TRUSTED_HOSTS, such as api.example.com.")]
    if "*" in names:
        says = "Every host name is answered: pages of others can reach the server by DNS rebinding."
        return [Finding.warn("hosts", says, "Name the public ones in ACHENE_TRUSTED_HOSTS.")]
    return [Finding.ok("hosts", f"Answered: {', '.join(names)}.")]


async def anonymous(scene: Scene) -> list[Finding]:
    """Look what callers without a key may do."""
    scopes = scene.settings.scopes_without_key
    if not scopes:
        return [Finding.ok("anonymous", "Nobody may do anything without a key.")]
    says = f"Without a key everybody has: {', '.join(sorted(scopes))}."
    if scopes <= {"read"}:
        return [
            Finding.warn("anonymous", says, "Unset ACHENE_ANONYMOUS_SCOPES unless the data is meant for everybody.")
        ]
    which = "may do all that there is" if EVERY in scopes else "may do more than read"
    return [Finding.fail("anonymous", f"{says} They {which}.", "Leave at most `read` in ACHENE_ANONYMOUS_SCOPES.")]


async def browsers(scene: Scene) -> list[Finding]:
    """Look what is open to pages and to the curious."""
    settings, found = scene.settings, []
    if "*" in (settings.cors_origins or ()):
        says = "Pages of every origin may call the server."
        found.append(Finding.warn("cors", says, "Name your own in ACHENE_CORS_ORIGINS."))
    if settings.is_graphiql_served:
        found.append(Finding.warn("graphiql", "GraphiQL is served to everybody.", "Unset ACHENE_GRAPHIQL."))
    if settings.graphiql_cdn and settings.is_graphiql_served:
        says = "Where GraphiQL is not built, it is loaded from another host."
        found.append(Finding.warn("graphiql", says, "Unset ACHENE_GRAPHIQL_CDN."))
    for name, is_open, says in (
        ("introspection", settings.is_schema_shown, "The schema is shown to everybody."),
        ("openapi", settings.is_rest_described, "The REST part is described to everybody, at /docs and /openapi.json."),
        ("metrics", settings.is_metrics_open, "Everybody may read /metrics."),
    ):
        if is_open:
            found.append(Finding.warn(name, says, f"Unset ACHENE_{name.upper()}: keys with a scope see it still."))
    return found or [Finding.ok("browsers", "Neither GraphiQL nor a schema nor /metrics is open to everybody.")]


async def limits(scene: Scene) -> list[Finding]:
    """Look whether one caller can take everything."""
    settings = scene.settings
    if settings.rate_requests is None and settings.rate_cost is None:
        says = "Nothing limits how much a caller may ask for in a minute."
        return [Finding.warn("rates", says, "Set ACHENE_RATE_REQUESTS and ACHENE_RATE_COST, or limit it at a proxy.")]
    if settings.redis_url is None and settings.workers > 1:
        says = f"Each of {settings.workers} workers counts for itself, so that rates are as many times too high."
        return [Finding.warn("rates", says, "Set REDIS_URL, so that they count together.")]
    return [Finding.ok("rates", f"Requests: {settings.rate_requests or 'any'}; cost: {settings.rate_cost or 'any'}.")]


async def logs(scene: Scene) -> list[Finding]:
    """Look whether machines can read the log."""
    if scene.settings.log_format == "text":
        return [Finding.warn("logs", "Log lines are written for people.", "Set ACHENE_LOG_FORMAT to json.")]
    return [Finding.ok("logs", "Log lines are JSON.")]


async def times(scene: Scene) -> list[Finding]:
    """Look whether time limits fit together."""
    settings, found = scene.settings, []
    if settings.statement_timeout_seconds > settings.request_timeout_seconds:
        says = "A statement may take longer than the request that it is for."
        remedy = "Set ACHENE_STATEMENT_TIMEOUT_SECONDS below ACHENE_REQUEST_TIMEOUT_SECONDS."
        found.append(Finding.warn("times", says, remedy))
    if settings.worker_timeout_seconds <= settings.health_timeout_seconds:
        says = "A worker is replaced as early as its health checks fail."
        found.append(Finding.warn("times", says, "Set ACHENE_WORKER_TIMEOUT_SECONDS higher."))
    return found or [Finding.ok("times", "Time limits fit together.")]


async def processors(scene: Scene) -> list[Finding]:
    """Look whether there are as many workers as this machine can run."""
    workers = scene.settings.workers
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    says = f"{workers} worker{'s' * (workers > 1)} on {cores} processor core{'s' * (cores > 1)}."
    if workers > 2 * cores:
        return [
            Finding.warn("workers", says, "More workers than cores only wait for each other: lower ACHENE_WORKERS.")
        ]
    return [Finding.ok("workers", says)]
