"""Health endpoints: is the process alive, may it get requests, has it started, and how is each part.

Nobody needs a key here. This file is the HTTP of it: routes, response models and examples for OpenAPI;
`api.health.checks` looks at the parts.
"""

import time
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import Any, Final, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from api.data.database import Database
from api.data.migrations import head, known
from api.health.checks import Checks, Part, Report
from api.health.page import page
from api.settings import Settings

HEADERS: Final = {"Cache-Control": "no-store", "Vary": "Accept"}
"""A proxy that keeps an answer would tell of a health that is past."""


class LiveAnswer(BaseModel):
    """The process answers."""

    status: Literal["ok"]


class StartupAnswer(BaseModel):
    """Whether the start is done."""

    status: Literal["ok", "starting"]


class ReadyAnswer(BaseModel):
    """Whether requests can be served."""

    status: Literal["ok", "failed"]
    failed: dict[str, str] = Field(description="What is wrong, by part; empty when nothing is.")


class PartAnswer(BaseModel):
    """How one part is."""

    status: Literal["ok", "failed", "unknown"]
    detail: str
    latency_ms: float | None = Field(description="Milliseconds until it answered; null where nothing is asked.")


class HealthAnswer(BaseModel):
    """How every part is."""

    status: Literal["ok", "failed"]
    version: str
    uptime_seconds: float
    parts: dict[str, PartAnswer]


READY: Final = {"status": "ok", "failed": {}}
NOT_READY: Final = {
    "status": "failed",
    "failed": {"database": "The database did not answer within 0.9 s."},
}
PARTS_OK: Final = {
    "database": {"status": "ok", "detail": "The database answers.", "latency_ms": 0.41},
    "migrations": {
        "status": "ok",
        "detail": "The database is at the newest revision.",
        "latency_ms": None,
    },
    "read_pool": {"status": "ok", "detail": "1 of 10 connections are in use.", "latency_ms": None},
    "write_pool": {"status": "ok", "detail": "0 of 5 connections are in use.", "latency_ms": None},
    "engine_pool": {"status": "ok", "detail": "3 of 10 connections are in use.", "latency_ms": None},
}
PARTS_FAILED: Final = PARTS_OK | {
    "database": {
        "status": "failed",
        "detail": "The database did not answer within 0.9 s.",
        "latency_ms": 900.6,
    },
    "migrations": {
        "status": "unknown",
        "detail": "Unknown, as the database did not answer.",
        "latency_ms": None,
    },
}


class Health(Checks):
    """The health of one server process: its checks, whether it has started, and the routes that tell."""

    def __init__(self, database: Database, settings: Settings) -> None:
        """Prepare; nothing is connected yet. Takes what `Checks` takes."""
        super().__init__(database, settings)
        self._started_at: float | None = None
        self._is_leaving = False
        self.router = make_router(self)

    @property
    def is_started(self) -> bool:
        """True from the end of the start to the beginning of the stop."""
        return self._started_at is not None

    @property
    def uptime_seconds(self) -> float:
        """Seconds since the start was done; 0 before."""
        return 0.0 if self._started_at is None else time.monotonic() - self._started_at

    async def start(self) -> None:
        """Say that the start is done. Call it last; the database need not be there."""
        head(), known()  # read the revisions' files now, not during the first probe
        self._started_at = time.monotonic()

    def leave(self) -> None:
        """Say from now on that requests should go elsewhere, as this process is being stopped."""
        self._is_leaving = True

    async def report(self) -> Report:
        """Return how every part is, and whether the process is being stopped; see `Checks.report`."""
        report = await super().report()
        if not self._is_leaving:
            return report
        return Report({**report.parts, "server": Part(False, "The server is being stopped.")}, report.made_at)

    async def close(self) -> None:
        """Stop checking and drop the connection."""
        self._started_at = None
        await super().close()


def make_router(health: Health) -> APIRouter:
    """Return the four routes, each for GET and for HEAD."""

    async def live() -> Response:
        """Tell that the process answers. Touches nothing else; restart the process when this fails."""
        return _answer(LiveAnswer(status="ok"), is_ok=True)

    async def ready() -> Response:
        """Tell whether to send requests here: the database answers, is migrated, and connections are free."""
        failed = (await health.report()).failed
        return _answer(ReadyAnswer(status="failed" if failed else "ok", failed=failed), is_ok=not failed)

    async def startup() -> Response:
        """Tell whether the start is done. The database need not be there for it."""
        status: Literal["ok", "starting"] = "ok" if health.is_started else "starting"
        return _answer(StartupAnswer(status=status), is_ok=health.is_started)

    async def details(request: Request) -> Response:
        """Show every part with its state and latency, for people; a browser gets a page. 503 as `/health/ready`."""
        answer = await _details(health)
        is_ok = answer.status == "ok"
        if "text/html" not in request.headers.get("accept", ""):
            return _answer(answer, is_ok=is_ok)
        return HTMLResponse(page(answer.model_dump()), status_code=200 if is_ok else 503, headers=HEADERS)

    router = APIRouter(prefix="/health", tags=["health"])
    add = _Adder(router)
    add("/live", live, LiveAnswer, {200: ("Alive", {"status": "ok"})})
    add("/ready", ready, ReadyAnswer, {200: ("Ready", READY), 503: ("Not ready", NOT_READY)})
    add(
        "/startup",
        startup,
        StartupAnswer,
        {200: ("Started", {"status": "ok"}), 503: ("Starting", {"status": "starting"})},
    )
    everything = {"version": version("achene"), "uptime_seconds": 86.4}
    add(
        "",
        details,
        HealthAnswer,
        {
            200: ("All parts work", {"status": "ok", **everything, "parts": PARTS_OK}),
            503: ("A part failed", {"status": "failed", **everything, "parts": PARTS_FAILED}),
        },
    )
    return router


class _Adder:
    """Adds routes that answer GET and HEAD and are documented once."""

    def __init__(self, router: APIRouter) -> None:
        self._router = router

    def __call__(
        self,
        path: str,
        endpoint: Callable[..., Awaitable[Response]],
        model: type[BaseModel],
        answers: dict[int, tuple[str, dict[str, Any]]],
    ) -> None:
        responses: dict[int | str, dict[str, Any]] = {
            status: {
                "model": model,
                "description": description,
                "content": {"application/json": {"example": example}},
            }
            for status, (description, example) in answers.items()
        }
        self._router.add_api_route(path, endpoint, methods=["GET"], responses=responses, response_class=Response)
        self._router.add_api_route(path, endpoint, methods=["HEAD"], include_in_schema=False)


async def _details(health: Health) -> HealthAnswer:
    report = await health.report()
    words: dict[bool | None, Literal["ok", "failed", "unknown"]] = {
        True: "ok",
        False: "failed",
        None: "unknown",
    }
    return HealthAnswer(
        status="failed" if report.failed else "ok",
        version=version("achene"),
        uptime_seconds=round(health.uptime_seconds, 1),
        parts={
            name: PartAnswer(status=words[part.is_ok], detail=part.detail, latency_ms=part.latency_ms)
            for name, part in report.parts.items()
        },
    )


def _answer(body: BaseModel, *, is_ok: bool) -> Response:
    return Response(
        body.model_dump_json(),
        status_code=200 if is_ok else 503,
        media_type="application/json",
        headers=HEADERS,
    )
