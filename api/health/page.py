"""`/health` as a page, for people who open it in a browser. It needs nothing from elsewhere, not even a style sheet."""

from collections.abc import Mapping
from html import escape
from typing import Any, Final

PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="5">
<title>Achene: {status}</title>
</head>
<body>
<h1>Achene {version}: {status}</h1>
<p>Up for {uptime_seconds} s. This page looks again every 5 s.</p>
<table border="1" cellpadding="6">
<tr><th scope="col">part</th><th scope="col">state</th><th scope="col">ms</th><th scope="col"></th></tr>
{rows}
</table>
</body>
</html>
"""

ROW: Final = '<tr><th scope="row">{name}</th><td>{mark} {status}</td><td>{latency}</td><td>{detail}</td></tr>'

MARKS: Final = {"ok": "&#10003;", "failed": "&#10007;", "unknown": "?"}


def page(answer: Mapping[str, Any]) -> str:
    """Return the page.

    Args:
        answer: What `/health` says as JSON.
    """
    rows = "\n".join(
        ROW.format(
            name=escape(name),
            mark=MARKS[part["status"]],
            status=escape(part["status"]),
            latency="" if part["latency_ms"] is None else part["latency_ms"],
            detail=escape(part["detail"]),
        )
        for name, part in answer["parts"].items()
    )
    return PAGE.format(
        status=escape(answer["status"]),
        version=escape(answer["version"]),
        uptime_seconds=answer["uptime_seconds"],
        rows=rows,
    )
