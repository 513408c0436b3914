"""The HTML of the console: as built, as a plain form, and from a CDN; each with the policy that lets it work.

No page has a script of its own in it, so no policy lets one in, nor `eval`. Monaco and CodeMirror make style
elements while they run, which need 'unsafe-inline' for styles.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from api.console.cdn import REACT, SCRIPTS, STYLES, CdnFile
from api.console.files import StaticFile, name_of

BELOW: Final = "graphql/console/"
"""Where files are, seen from the page at /graphql."""

TITLE: Final = "GraphiQL · Achene"


@dataclass(frozen=True, slots=True)
class Page:
    """A page and what it may do."""

    html: str
    """The whole document."""

    policy: str
    """Value of the header Content-Security-Policy."""


def built_page(own: Sequence[StaticFile], script: str, style: str) -> Page:
    """Return the page of a build.

    Args:
        own: Files that need no build.
        script: Name of the build's first script.
        style: Name of its stylesheet.
    """
    head = (
        f'<link rel="stylesheet" href="{BELOW}{escape(style)}">\n<script type="module" src="{BELOW}{escape(script)}">'
    )
    return Page(_document(own, f"{head}</script>", _GRAPHIQL), _policy(workers="'self'"))


def cdn_page(own: Sequence[StaticFile]) -> Page:
    """Return the page that loads GraphiQL from a CDN, each file by its exact version and hash."""
    styles = [f'<link rel="stylesheet" href="{each.url}" {_integrity(each)}>' for each in STYLES]
    scripts = [f'<script defer src="{each.url}" {_integrity(each)}></script>' for each in (*REACT, *SCRIPTS)]
    ours = [_own_style(own, "cdn.css"), _own_script(own, "cdn.js")]
    policy = _policy(scripts=[each.url for each in (*REACT, *SCRIPTS)], styles=[each.url for each in STYLES])
    return Page(_document(own, "\n".join([*styles, *scripts, *ours]), _GRAPHIQL), policy)


def plain_page(own: Sequence[StaticFile]) -> Page:
    """Return the form that works without a build and says how to make one."""
    head = f"{_own_style(own, 'plain.css')}\n{_own_script(own, 'plain.js')}"
    return Page(_document(own, head, _FORM), _policy(is_styled_inline=False))


def _policy(
    *,
    scripts: Sequence[str] = (),
    styles: Sequence[str] = (),
    workers: str = "'none'",
    is_styled_inline: bool = True,
) -> str:
    inline = ["'unsafe-inline'"] if is_styled_inline else []
    directives = [
        "default-src 'none'",
        " ".join(["script-src 'self'", *scripts]),
        " ".join(["style-src 'self'", *inline, *styles]),
        f"worker-src {workers}",
        "connect-src 'self'",
        "img-src 'self' data:",
        "font-src 'self' data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
    return "; ".join(directives)


def _integrity(file: CdnFile) -> str:
    return f'integrity="{file.integrity}" crossorigin="anonymous"'


def _own_style(own: Sequence[StaticFile], name: str) -> str:
    return f'<link rel="stylesheet" href="{BELOW}{name_of(own, name)}">'


def _own_script(own: Sequence[StaticFile], name: str) -> str:
    return f'<script type="module" src="{BELOW}{name_of(own, name)}"></script>'


def _document(own: Sequence[StaticFile], head: str, body: str) -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{TITLE}</title>
<link rel="icon" type="image/svg+xml" href="{BELOW}{name_of(own, "logo.svg")}">
{head}
</head>
<body>
{body}
<noscript>This page needs JavaScript. The graph does not: POST <code>{{"query": "..."}}</code> to it.</noscript>
</body>
</html>
"""


_GRAPHIQL: Final = '<div id="console"></div>'

_FORM: Final = """<main>
<header>
<h1>Ask the graph</h1>
<p>This is a plain form. For GraphiQL, with completion and documentation, run <kbd>achene console build</kbd> (it needs
Node.js 20 or newer) and load this page again.</p>
</header>
<form>
<label class="query">Query<textarea name="query" rows="14" spellcheck="false" required></textarea></label>
<label>Variables, as JSON<textarea name="variables" rows="4" spellcheck="false" placeholder="{}"></textarea></label>
<label>API key<input name="key" type="password" autocomplete="off" placeholder="none"></label>
<p><button>Run</button> <small>or Ctrl-Enter</small></p>
</form>
<section aria-label="Answer" aria-live="polite"><pre tabindex="0"></pre></section>
</main>"""
