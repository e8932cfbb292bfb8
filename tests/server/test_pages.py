"""What browsers are shown, with no other host needed."""

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.server.conftest import MakeClient

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A folder like that which the front end is built into."""
    (tmp_path / "dist" / "assets").mkdir(parents=True)
    (tmp_path / "dist" / "index.html").write_text("<title>GraphiQL</title>")
    (tmp_path / "dist" / "assets" / "index-abc123.js").write_text("export {}")
    (tmp_path / "dist" / "favicon.svg").write_text("<svg/>")
    return tmp_path / "dist"


def test_a_browser_that_looks_at_graphql_is_given_graphiql_without_a_key(built: Path, client: TestClient) -> None:
    answer = client.get("/graphql", headers={"accept": BROWSER, "authorization": ""})

    assert answer.status_code == 200
    assert "GraphiQL" in answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "http" not in policy


def test_a_browser_that_asks_something_is_answered(built: Path, client: TestClient) -> None:
    answer = client.get("/graphql?query={hello}", headers={"accept": BROWSER})

    assert answer.json() == {"data": {"hello": "hello world"}}


def test_a_program_that_looks_at_graphql_is_not_given_a_page(built: Path, client: TestClient) -> None:
    assert client.get("/graphql").status_code == 400


def test_without_graphiql_a_browser_is_told_how_to_build_it(client: TestClient) -> None:
    answer = client.get("/graphql", headers={"accept": BROWSER})

    assert answer.status_code == 503
    assert "<code>make set-up</code>" in answer.text


def test_scripts_with_a_hash_in_their_name_are_kept_for_ever(built: Path, client: TestClient) -> None:
    answer = client.get("/assets/graphiql/assets/index-abc123.js")

    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert "javascript" in answer.headers["content-type"]


def test_other_files_are_asked_for_again(built: Path, client: TestClient) -> None:
    assert client.get("/assets/graphiql/favicon.svg").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["nope.js", "../secret", "%2e%2e/secret", "assets/", ""])
def test_nothing_but_the_built_files_is_given_out(built: Path, client: TestClient, path: str) -> None:
    (built.parent / "secret").write_text("secret")

    assert client.get(f"/assets/graphiql/{path}").status_code == 404


def test_files_that_are_not_built_are_not_found(client: TestClient) -> None:
    assert client.get("/assets/graphiql/assets/index.js").status_code == 404


# ---------------------------------------------------------------- the dashboard


@pytest.fixture
def dashboard(tmp_path: Path) -> Path:
    """A folder like that which the dashboard is built into: one script, packed in two ways."""
    assets = tmp_path / "dashboard" / "assets"
    assets.mkdir(parents=True)
    (assets.parent / "index.html").write_text("<title>Dashboard</title>")
    for ending in ("", ".gz", ".br"):
        (assets / f"index-abc123.js{ending}").write_text(f"as {ending}")
    (assets / "plain-abc123.css").write_text("p {}")
    return tmp_path / "dashboard"


def test_the_front_page_is_the_dashboard(dashboard: Path, client: TestClient) -> None:
    answer = client.get("/", headers={"accept": BROWSER, "authorization": ""})

    assert answer.status_code == 200
    assert "Dashboard" in answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    assert "http" not in policy


@pytest.mark.parametrize(
    ("accepted", "packing", "text"),
    [
        ("gzip, deflate, br, zstd", "br", "as .br"),
        ("gzip;q=0.5", "gzip", "as .gz"),
        ("deflate", None, "as "),
        ("", None, "as "),
    ],
)
def test_a_script_is_sent_packed_as_the_browser_can_unpack_it(
    dashboard: Path, client: TestClient, accepted: str, packing: str | None, text: str
) -> None:
    with client.stream(
        "GET", "/assets/dashboard/assets/index-abc123.js", headers={"accept-encoding": accepted}
    ) as answer:
        sent = b"".join(answer.iter_raw())

    assert sent.decode() == text
    assert answer.headers.get("content-encoding") == packing
    assert "javascript" in answer.headers["content-type"]
    assert answer.headers["vary"] == "Accept-Encoding"
    assert "immutable" in answer.headers["cache-control"]


def test_what_is_not_packed_is_sent_as_it_is(dashboard: Path, client: TestClient) -> None:
    answer = client.get("/assets/dashboard/assets/plain-abc123.css", headers={"accept-encoding": "br"})

    assert answer.text == "p {}"
    assert "content-encoding" not in answer.headers


def test_the_dashboard_may_be_built_while_the_server_runs(client: TestClient, request: pytest.FixtureRequest) -> None:
    before = client.get("/", headers={"accept": BROWSER}).text
    request.getfixturevalue("dashboard")

    assert "<code>make set-up</code>" in before
    assert client.get("/", headers={"accept": BROWSER}).text == "<title>Dashboard</title>"


def test_without_the_dashboard_the_front_page_says_what_this_is_and_where_to_go(client: TestClient) -> None:
    answer = client.get("/", headers={"authorization": ""})

    assert answer.status_code == 200
    assert "Tallygraph" in answer.text
    links = re.findall(r'href="([^"]+)"', answer.text)
    assert "/graphql" in links
    for link in links:
        assert client.get(link, headers={"accept": BROWSER}).status_code in (200, 503)


def test_no_page_needs_another_host(make_client: MakeClient) -> None:
    client = make_client()

    for path in ("/", "/graphql"):
        assert "//" not in client.get(path, headers={"accept": BROWSER}).text.replace("<!doctype html>", "")
