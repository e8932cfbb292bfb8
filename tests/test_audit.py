"""What `make audit` makes of the answers of the advisory services."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

PROGRAM = Path(__file__).resolve().parents[1] / ".ci" / "audit.py"


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit_of_dependencies", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def of_python(name: str, *, known: bool = True, vulnerable: bool = False) -> dict[str, object]:
    if not known:
        return {"name": name, "skip_reason": "Dependency not found"}
    advisory = {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["2.0"]}
    return {"name": name, "version": "1.0", "vulns": [advisory] if vulnerable else []}


def answer_of(*packages: dict[str, object]) -> str:
    return json.dumps({"dependencies": packages})


def test_a_vulnerable_package_that_is_shipped_fails_and_another_is_told_of(audit: ModuleType) -> None:
    answer = answer_of(of_python("Some_Server", vulnerable=True), of_python("some-linter", vulnerable=True))

    result = audit.read_python(answer, "", {"some-server"})

    assert result.found == ["Some_Server 1.0: PYSEC-1, fixed in 2.0"]
    assert result.beside == ["some-linter 1.0: PYSEC-1, fixed in 2.0"]


def test_an_advisory_that_was_accepted_is_not_told_of(audit: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(audit.ACCEPTED, "CVE-1", "It is about Windows.")

    answer = answer_of(of_python("server", vulnerable=True))

    assert audit.read_python(answer, "", {"server"}).found == []


def test_packages_that_could_not_be_audited_are_told_of(audit: ModuleType) -> None:
    answer = answer_of(of_python("one"), of_python("two", known=False))
    some, none = audit.read_python(answer, "", set()), audit.read_python("", "No connection", set())

    assert "NOT AUDITED" in audit.told(some)[0]
    assert "two" in audit.told(some)[0]
    assert "NOT AUDITED" in audit.told(none)[0]
    assert "No connection" in audit.told(none)[0]
    assert (
        "no known vulnerability"
        in audit.told(audit.read_python(json.dumps({"dependencies": [of_python("a")]}), "", set()))[0]
    )


def test_of_npm_what_a_page_holds_fails_and_what_builds_it_is_told_of(audit: ModuleType) -> None:
    advisory = {"url": "https://example.com/GHSA-1", "title": "Bad", "range": "<2"}
    every = {"vulnerabilities": {"react": {"via": [advisory]}, "vite": {"via": [advisory, "react"]}}}
    shipped = {"vulnerabilities": {"react": {"via": [advisory]}}}

    result = audit.read_npm("page", json.dumps(every), json.dumps(shipped), "")

    assert result.found == ["react <2: GHSA-1, Bad"]
    assert result.beside == ["vite <2: GHSA-1, Bad"]


def test_a_registry_that_answers_no_audits_is_told_of(audit: ModuleType) -> None:
    result = audit.read_npm("page", json.dumps({"message": "405 Method Not Allowed"}), "", "")

    assert "NOT AUDITED" in audit.told(result)[0]
    assert "405" in audit.told(result)[0]


def test_what_the_server_needs_is_shipped_and_what_tests_it_is_not(audit: ModuleType) -> None:
    shipped = audit.shipped_by("tallygraph")

    # By way of "sqlmodel[asyncio]" and "pyjwt[crypto]".
    assert {"tallygraph", "starlette", "greenlet", "cryptography"} <= shipped
    assert shipped.isdisjoint({"pytest", "hypothesis", "ruff", "pip-audit"})
