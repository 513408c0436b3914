"""/metrics: what was counted, for those who may know."""

from fastapi import APIRouter, Request, Response

from api.context import Parts, authenticate, require

SCOPE = "metrics"
"""The scope of a key that may read it where it is not open."""


def make_router(parts: Parts) -> APIRouter:
    """Return the route."""
    router = APIRouter()

    @router.get("/metrics", include_in_schema=False)
    async def metrics(request: Request) -> Response:
        """Tell what was counted, in Prometheus' text format or in OpenMetrics."""
        if not parts.settings.is_metrics_open:
            require(await authenticate(request.scope, parts), SCOPE)
        body, media = parts.telemetry.metrics.written(request.headers.get("accept", ""))
        return Response(body, headers={"Cache-Control": "no-store", "Content-Type": media})

    return router
