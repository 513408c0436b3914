"""Traces: the spans of a request, the caller's trace, and a collector that is sent them."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.api.served import Served, serving

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"

SEND = """
from opentelemetry import trace
from api.telemetry.traces import open_traces
with open_traces("0").step("sent to a collector"):
    pass
trace.get_tracer_provider().force_flush()
"""


@pytest.fixture(scope="module")
def spans() -> InMemorySpanExporter:
    """What a provider of the process's own has kept."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return exporter


@pytest.fixture(scope="module")
async def traced(content_url: str, spans: InMemorySpanExporter) -> AsyncIterator[Served]:
    """A server that traces."""
    async with serving(content_url, traces=True) as served:
        yield served


async def of_a_request(traced: Served, spans: InMemorySpanExporter, query: str, **more: object) -> list[ReadableSpan]:
    """Return the spans of one request, in the order in which they ended."""
    spans.clear()
    traced.take_log()
    await traced.ask(query, **more)
    await traced.logged()
    return list(spans.get_finished_spans())


async def test_spans_of_a_request(traced: Served, spans: InMemorySpanExporter) -> None:
    """Parsing, planning and the statement are below the request, which has the operation's name."""
    found = await of_a_request(traced, spans, "query Users { users(first: 1) { nodes { name } } }")
    assert [span.name for span in found] == ["parse", "plan", "SELECT", "query Users"]
    request = found[-1]
    assert {span.parent and span.parent.span_id for span in found[:-1]} == {request.context.span_id}
    assert request.attributes is not None
    assert dict(request.attributes) == {
        "http.request.method": "POST",
        "url.path": "/graphql",
        "http.response.status_code": 200,
        "graphql.operation.type": "query",
        "graphql.operation.name": "Users",
    }


async def test_trace_of_the_caller(traced: Served, spans: InMemorySpanExporter) -> None:
    """A request with a `traceparent` belongs to that trace."""
    headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
    *_, request = await of_a_request(traced, spans, "{ __typename }", headers=headers)
    assert f"{request.context.trace_id:032x}" == TRACE
    assert request.parent is not None
    assert f"{request.parent.span_id:016x}" == PARENT


async def test_no_values_in_spans(traced: Served, spans: InMemorySpanExporter) -> None:
    """What a client sends stays out; SQL has parameters where it was."""
    query = """query ($text: String!) {
      posts(filter: {title: {eq: $text}}) { nodes { title } }
      tagBySlug(slug: "literal-value") { name }
    }"""
    found = await of_a_request(traced, spans, query, variables={"text": "variable-value"})
    told = "".join(span.to_json() for span in found)
    assert [span.name for span in found] == ["parse", "plan", "SELECT", "query"]
    assert "literal-value" not in told
    assert "variable-value" not in told


async def test_statements_of_the_loaders(traced: Served, spans: InMemorySpanExporter) -> None:
    """What resolvers read has a span a statement, too."""
    found = await of_a_request(traced, spans, "query Counts { siteStatistics { users drafts } }")
    assert [span.name for span in found].count("SELECT") >= 1


def test_sent_to_a_collector() -> None:
    """Without a provider of the process's own, spans go to the collector that OpenTelemetry's variable names."""
    received = list[tuple[str, bytes]]()

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Collector)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    endpoint = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
        "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
    }
    try:
        subprocess.run([sys.executable, "-c", SEND], env=os.environ | endpoint, check=True, timeout=60)  # noqa: S603 - what is tested
    finally:
        server.shutdown()
        server.server_close()
    ((path, body),) = received
    assert path == "/v1/traces"
    assert b"sent to a collector" in body
