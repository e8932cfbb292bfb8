"""Asks the advisory services about every package that is locked, Python's and npm's.

Ends with 1 where something that is shipped has a known vulnerability. What is only used to build, to test or to
check is told of, and does not fail. Where a service cannot be reached, that is said, and does not fail either.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from shutil import which
from typing import Any

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
WITHIN_SECONDS = 45

# What is shipped of each: the packages that the server needs, and those whose code its pages hold.
PYTHON_LOCK = "requirements.lock"
SHIPPED_PAGES = ("server/graphiql", "client_examples/dashboard")

# Advisories that were looked at and do not concern us, each with the reason.
ACCEPTED: dict[str, str] = {}


@dataclass
class Result:
    """What was learnt of one lock file."""

    lock: str
    packages: int = 0
    found: list[str] = field(default_factory=list)
    """In what is shipped."""
    beside: list[str] = field(default_factory=list)
    """In what is not."""
    not_asked: str = ""
    """Why its packages could not be audited, or some of them."""


def audit_python() -> Result:
    program = Path(sys.executable).parent / "pip-audit"
    options = ["--require-hashes", "--disable-pip", "--progress-spinner=off", "--format=json", "--timeout=10"]
    said, why = output_of([str(program), *options, "-r", PYTHON_LOCK], ROOT)
    return read_python(said, why, shipped_by("tallygraph"))


def read_python(said: str, why: str, shipped: set[str]) -> Result:
    """What pip-audit said, as JSON."""
    result = Result(PYTHON_LOCK)
    packages = parsed(said).get("dependencies", [])
    asked = [package for package in packages if "skip_reason" not in package]
    result.packages = len(asked)
    if not packages:
        result.not_asked = why or "nothing was answered"
    elif len(asked) < len(packages):
        skipped = [package["name"] for package in packages if "skip_reason" in package]
        result.not_asked = f"{len(skipped)} of {len(packages)} packages are not known there: {some(skipped)}"
    for package in asked:
        for advisory in package.get("vulns", []):
            names = {advisory["id"], *advisory.get("aliases", [])}
            fixed = some(advisory.get("fix_versions", [])) or "nothing yet"
            line = f"{package['name']} {package['version']}: {advisory['id']}, fixed in {fixed}"
            note(result, names, line, is_shipped=normal(package["name"]) in shipped)
    return result


def audit_npm(folder: str) -> Result:
    npm = which("npm")
    if npm is None:
        return Result(f"{folder}/package-lock.json", not_asked="npm is not on the path")
    command = [npm, "audit", "--package-lock-only", "--json"]
    every, why = output_of(command, ROOT / folder)
    shipped, _ = output_of([*command, "--omit=dev"], ROOT / folder) if folder in SHIPPED_PAGES else ("{}", "")
    return read_npm(folder, every, shipped, why)


def read_npm(folder: str, every: str, shipped: str, why: str) -> Result:
    """What `npm audit` said as JSON, of all packages and of those that are shipped."""
    result = Result(f"{folder}/package-lock.json")
    report = parsed(every)
    if "vulnerabilities" not in report:
        result.not_asked = report.get("message") or why or "nothing was answered"
        return result
    result.packages = report.get("metadata", {}).get("dependencies", {}).get("total", 0)
    in_shipped = parsed(shipped).get("vulnerabilities", {})
    for name, package in report["vulnerabilities"].items():
        advisories = [via for via in package.get("via", []) if isinstance(via, dict)]
        for advisory in advisories:
            id = advisory.get("url", "").rpartition("/")[2] or str(advisory.get("source"))
            line = f"{name} {advisory.get('range', '')}: {id}, {advisory.get('title', '')}"
            note(result, {id}, line, is_shipped=name in in_shipped)
    return result


def note(result: Result, names: set[str], line: str, *, is_shipped: bool) -> None:
    if not names & ACCEPTED.keys():
        (result.found if is_shipped else result.beside).append(line)


def shipped_by(package: str) -> set[str]:
    """A package and all that it needs to run here, as they are installed; without its own extras."""
    found: set[tuple[str, str]] = set()
    waiting = [(normal(package), "")]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in found:
            continue
        found.add((name, extra))
        for line in requirements_of(name):
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                waiting += [(normal(requirement.name), one) for one in ("", *requirement.extras)]
    return {name for name, _ in found}


def requirements_of(name: str) -> list[str]:
    try:
        return requires(name) or []
    except PackageNotFoundError:  # For another machine or another Python.
        return []


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def output_of(command: list[str], folder: Path) -> tuple[str, str]:
    """What a program said, and the last line of its complaints."""
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=WITHIN_SECONDS, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return "", f"{type(error).__name__} after at most {WITHIN_SECONDS} s"
    lines = done.stderr.strip().splitlines()
    return done.stdout, lines[-1][:200] if lines else ""


def parsed(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def some(names: Iterable[str]) -> str:
    listed = sorted(names)
    return ", ".join(listed[:5]) + (" ..." if len(listed) > 5 else "")


def told(result: Result) -> list[str]:
    lines = [f"VULNERABLE, shipped: {line}" for line in result.found]
    lines += [f"vulnerable, not shipped: {line}" for line in result.beside]
    if result.not_asked:
        lines.append(f"NOT AUDITED, the advisory service did not answer for it: {result.not_asked}")
    if result.packages and not lines:
        lines.append(f"{result.packages} packages, no known vulnerability")
    return [f"{result.lock}: {line}" for line in lines]


def main() -> int:
    folders = sorted(str(lock.parent.relative_to(ROOT)) for lock in ROOT.rglob("package-lock.json") if is_ours(lock))
    with ThreadPoolExecutor(4) as pool:
        python = pool.submit(audit_python)
        results = [python, *(pool.submit(audit_npm, folder) for folder in folders)]
        found = [result.result() for result in results]
    for result in found:
        print("\n".join(told(result)))
    return 1 if any(result.found for result in found) else 0


def is_ours(lock: Path) -> bool:
    return not {"node_modules", ".venv"} & set(lock.parts)


if __name__ == "__main__":
    sys.exit(main())
