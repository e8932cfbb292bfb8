"""Takes the pictures of docs/pictures anew, from the demo on books that are thrown away: `make screenshots`."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.browser.driving import Browser
from tests.services import free_port

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "pictures"
DESKTOP, PHONE = (1280, 860), (390, 844)


class Demo(NamedTuple):
    url: str
    keys: dict[str, str]
    """By the tenant that a key is an admin's of."""


def take_pictures() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, demo(Path(folder)) as running:
        browser = Browser(Path(folder))
        try:
            of_the_dashboard(browser, running)
            of_graphiql(browser, running)
        finally:
            browser.stop()
    for path in sorted(PICTURES.glob("*.png")):
        print(f"{path.relative_to(ROOT)}  {path.stat().st_size / 1000:.0f} kB")


def of_the_dashboard(browser: Browser, running: Demo) -> None:
    address = f"{running.url}/?range=last-30-days&against=before#key={running.keys['Brightpath Hiring']}"
    for name, size, scale in (("desktop", DESKTOP, 1), ("phone", PHONE, 1.5)):
        browser.do("open", url=address, size=size, scale=scale)
        browser.do("dashboard.ready")
        for scheme in ("light", "dark"):
            browser.do("scheme", scheme=scheme)
            take(browser, f"dashboard-{name}-{scheme}")
        browser.do("close")
    browser.do("open", url=address, size=DESKTOP)
    browser.do("dashboard.ready")
    browser.do("dashboard.explain")
    browser.do("dashboard.showLog")
    take(browser, "charge")
    browser.do("close")


def of_graphiql(browser: Browser, running: Demo) -> None:
    browser.do("open", url=f"{running.url}/graphql#key={running.keys['Northwind Voice']}", size=DESKTOP)
    browser.do("graphiql.ready")
    browser.do("graphiql.choose", example="Usage by agent")
    browser.do("graphiql.run")
    take(browser, "graphiql")
    browser.do("close")


def take(browser: Browser, name: str) -> None:
    browser.do("picture", path=str(PICTURES / f"{name}.png"))


@contextmanager
def demo(folder: Path) -> Iterator[Demo]:
    """The demo, once it is announced."""
    port = free_port()
    settings = {"TALLYGRAPH_DATABASE_URL": f"sqlite:///{folder / 'demo.db'}", "TALLYGRAPH_PORT": str(port)}
    command = [sys.executable, "-c", "from server.commands import main; main()", "serve", "--demo"]
    environment = {**os.environ, **settings}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            keys = {}
            for line in process.stderr:
                if admin := re.match(r"  (.+?) +admin +(\S+)", line):
                    keys[admin[1]] = admin[2]
                if "/graphql#key=" in line:
                    break
            yield Demo(f"http://127.0.0.1:{port}", keys)
        finally:
            process.terminate()


if __name__ == "__main__":
    take_pictures()
