"""Traces of requests for OpenTelemetry: one span a request, and spans below it for parsing, planning and statements.

Off unless a setting turns them on, and then nothing is paid for them but a look at one variable. Where spans go, how
many are kept and what the service is called is said by OpenTelemetry's own variables (`OTEL_EXPORTER_OTLP_ENDPOINT`,
`OTEL_TRACES_SAMPLER`, `OTEL_SERVICE_NAME`). A team that has set up a provider of its own keeps it. Spans hold no value
of a client's: SQL has none in it, and variables, keys and documents stay out.

Source: https://www.w3.org/TR/trace-context/ and OpenTelemetry's semantic conventions for HTTP, GraphQL and databases.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.trace import ProxyTracerProvider, Span, SpanKind, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import Scope

from api.telemetry.escapes import redacted
from api.telemetry.trail import Trail
from schema.errors import StartError

CARRIED: Final = (b"traceparent", b"tracestate")
"""Headers by which a caller tells which trace a request belongs to."""

_CARRIER: Final = TraceContextTextMapPropagator()


class Traces:
    """What makes the spans of one server process."""

    def __init__(self, tracer: Tracer) -> None:
        """Note what makes spans."""
        self._tracer = tracer

    @contextmanager
    def request(self, scope: Scope) -> Iterator[Span]:
        """Open the span of a request, below that of the caller where it names one; the block may name it anew."""
        carried = {name.decode(): value.decode("latin-1") for name, value in scope["headers"] if name in CARRIED}
        path = redacted(scope["path"])
        with self._tracer.start_as_current_span(
            f"{scope['method']} {path}" if len(path) < 100 else scope["method"],
            context=_CARRIER.extract(carried),
            kind=SpanKind.SERVER,
            attributes={"http.request.method": scope["method"], "url.path": path[:1000]},
        ) as span:
            yield span

    def step(self, name: str, **attributes: Any) -> AbstractContextManager[Any]:
        """Open the span of a step, below what is open."""
        return self._tracer.start_as_current_span(name, attributes=attributes)

    def statement(self, sql: str) -> AbstractContextManager[Any]:
        """Open the span of a statement, which has no values in it."""
        return self._tracer.start_as_current_span(
            sql.split(None, 1)[0] if sql else "SQL",
            kind=SpanKind.CLIENT,
            attributes={"db.system.name": "postgresql", "db.query.text": sql},
        )


def ended(trail: Trail, status: int) -> None:
    """Say in the span of a request what came of it."""
    span = trace.get_current_span()
    span.set_attribute("http.response.status_code", status)
    if trail.operation_kind:
        span.set_attribute("graphql.operation.type", trail.operation_kind)
        span.update_name(f"{trail.operation_kind} {trail.operation}" if trail.operation else trail.operation_kind)
    if trail.operation:
        span.set_attribute("graphql.operation.name", trail.operation)
    if status >= 500:
        span.set_status(StatusCode.ERROR)


def open_traces(version: str) -> Traces:
    """Return what makes spans: with the provider that is set up, or with one that sends to a collector.

    Raises:
        StartError: OpenTelemetry's SDK is not installed.
    """
    if isinstance(trace.get_tracer_provider(), ProxyTracerProvider):  # nobody has set one up
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError as error:
            raise StartError(
                'ACHENE_TRACES needs OpenTelemetry\'s SDK; install it with: pip install "achene[tracing]"'
            ) from error
        provider = TracerProvider()
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        trace.set_tracer_provider(provider)
    return Traces(trace.get_tracer("achene", version))
