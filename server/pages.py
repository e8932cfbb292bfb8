"""The few pages that the server gives to browsers, and the files that they are made of. No other host is needed."""

import base64
import hashlib
from mimetypes import guess_type
from pathlib import Path

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

GRAPHIQL = Path(__file__).parent / "graphiql" / "dist"
GRAPHIQL_ASSETS = "/assets/graphiql"
DASHBOARD = Path(__file__).parent / "dashboard" / "dist"
DASHBOARD_ASSETS = "/assets/dashboard"

# The editor writes styles into the page and runs its helpers as workers, some from blobs.
GRAPHIQL_POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; "
    "font-src 'self' data:; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
DASHBOARD_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

# Packings that the build lays beside its files, the smaller first: what a browser calls them, and how they end.
PACKINGS = {"br": ".br", "gzip": ".gz"}

STYLE = """
:root { color-scheme: light dark; --ink: #1d2433; --soft: #5b6474; --line: #dfe3ea; --paper: #fbfbf9;
  --mark: #0f766e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebf0; --soft: #9aa4b5; --line: #2b3342;
  --paper: #12161d; --mark: #5eead4; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 2rem;
  background: var(--paper); color: var(--ink); font: 1.05rem/1.6 system-ui, sans-serif; }
main { max-width: 38rem; }
h1 { margin: 0 0 .25rem; font-size: 2.4rem; letter-spacing: -.02em; }
h1::before { content: ""; display: inline-block; width: .18em; height: .8em; margin-right: .35em;
  background: var(--mark); box-shadow: .3em 0 0 var(--mark), .6em 0 0 var(--mark); margin-inline-end: .95em; }
p { margin: .5rem 0 1.5rem; color: var(--soft); }
ul + p { margin: 1.5rem 0 0; font-size: .92em; }
ul { list-style: none; margin: 0; padding: 0; border-top: 1px solid var(--line); }
li { display: flex; gap: 1rem; justify-content: space-between; padding: .8rem 0;
  border-bottom: 1px solid var(--line); }
a { color: var(--mark); font-weight: 600; text-decoration: none; }
a:hover, a:focus-visible { text-decoration: underline; }
span { color: var(--soft); text-align: right; }
code { font-size: .92em; }
"""

FRONT = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tallygraph</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>Tallygraph</h1>
{content}
</main>
</body>
</html>
"""

WELCOME = """<p>This server keeps the books of a platform that sells credits: who used what, what it cost,
what is left, and why.</p>
<ul>
<li><a href="/graphql">/graphql</a> <span>ask and report; a browser opens GraphiQL here</span></li>
<li><a href="/health/ready">/health/ready</a> <span>whether the server can do its work</span></li>
<li><a href="/metrics">/metrics</a> <span>numbers for Prometheus</span></li>
</ul>
<p>Whoever asks needs a key: <code>tallygraph key create</code> makes one; the demo prints some when it starts.</p>
<p>The dashboard, which belongs on this page, is not built yet: run <code>make set-up</code> in the project's folder,
then load the page again.</p>"""

NOT_BUILT = """<p>GraphiQL is not built yet. Run <code>make set-up</code> in the project's folder, then load this
page again. Programs can ask here all the same: send a POST with
<code>Content-Type: application/json</code>.</p>
<ul><li><a href="/">/</a> <span>what this server is</span></li></ul>"""


def _policy_of(style: str) -> str:
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; frame-ancestors 'none'"


PAGE_POLICY = _policy_of(STYLE)


def page(content: str, status: int = 200) -> Response:
    headers = {"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-cache"}
    return HTMLResponse(FRONT.format(style=STYLE, content=content), status, headers)


class BuiltPage:
    """A page that the build makes, or what is said where it has not been built."""

    def __init__(self, folder: Path, policy: str, otherwise: Response) -> None:
        self._file = folder / "index.html"
        self._headers = {"Content-Security-Policy": policy, "Cache-Control": "no-cache", "Vary": "Accept"}
        self._otherwise = otherwise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._response()(scope, receive, send)

    def _response(self) -> Response:
        # It may be built while the server runs.
        if not self._file.is_file():
            return self._otherwise
        return FileResponse(self._file, headers=self._headers, media_type="text/html")


def graphiql_page(folder: Path = GRAPHIQL) -> BuiltPage:
    return BuiltPage(folder, GRAPHIQL_POLICY, page(NOT_BUILT, status=503))


def dashboard_page(folder: Path = DASHBOARD) -> BuiltPage:
    return BuiltPage(folder, DASHBOARD_POLICY, page(WELCOME))


class BuiltAssets(StaticFiles):
    """The scripts and styles of a built page. Those with a hash in their name never change."""

    def __init__(self, folder: Path, policy: str) -> None:
        super().__init__(directory=folder, check_dir=False)
        self._policy = policy

    async def check_config(self) -> None:
        # They may be built after the server has started; until then nothing is found.
        return

    async def get_response(self, path: str, scope: Scope) -> Response:
        packing = self._packing(path, Headers(scope=scope).get("accept-encoding", ""))
        response = await super().get_response(path + PACKINGS.get(packing, ""), scope)
        if response.status_code >= 400:
            raise HTTPException(response.status_code)
        if packing:
            response.headers["Content-Encoding"] = packing
            response.headers["Content-Type"] = f"{guess_type(path)[0]}; charset=utf-8"
        response.headers["Vary"] = "Accept-Encoding"
        hashed = path.startswith("assets/")
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if hashed else "no-cache"
        # A worker lives under the policy that its own script came with.
        response.headers["Content-Security-Policy"] = self._policy
        return response

    def _packing(self, path: str, accepted: str) -> str:
        """How a file is sent: packed as the build has packed it, where the browser can unpack that."""
        names = {part.partition(";")[0].strip() for part in accepted.split(",")}
        found = (name for name in PACKINGS if name in names and self.lookup_path(path + PACKINGS[name])[1] is not None)
        return next(found, "")
