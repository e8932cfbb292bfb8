"""A server with a customer's books, and a Chromium. Where there is none, the tests of this folder are left out."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.customers import Customer, a_customer
from tests.browser.driving import Browser, chromium
from tests.server.real_server import RealServer

collect_ignore_glob = [] if chromium() else ["test_*.py"]


# What is measured and not asserted, since a busy machine may take longer.
MEASURED = pytest.StashKey[list[str]]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if chromium() is None:
        terminalreporter.write_line("No Chromium is on the path: the tests of tests/browser were left out.")
    for line in config.stash.get(MEASURED, []):
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def measured(pytestconfig: pytest.Config) -> list[str]:
    """Lines that are shown at the end of the run."""
    return pytestconfig.stash.setdefault(MEASURED, [])


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp("pictures"))
    yield browser
    browser.stop()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    folder: Path = tmp_path_factory.mktemp("books")
    server = RealServer(f"sqlite:///{folder / 'tallygraph.db'}")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def customer(server: RealServer) -> Customer:
    return a_customer(server)
