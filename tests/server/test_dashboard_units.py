"""The dashboard's pure parts: exact amounts, the address, and what is live put in order. Its own tests, run by Node."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from server.front_end import installed_npm, packaged_npm

ROOT = Path(__file__).parents[2]
DASHBOARD = ROOT / "client_examples" / "dashboard"


def test_amounts_the_address_and_the_order_of_changes_are_kept() -> None:
    npm, folder_of_node = installed_npm() or packaged_npm()
    environment = os.environ | {"PATH": f"{folder_of_node}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    run = subprocess.run(
        [*npm, "test", "--silent"], cwd=DASHBOARD, env=environment, capture_output=True, text=True, check=False
    )

    failed = re.findall(r"^not ok \d+ - (.*)$", run.stdout, re.MULTILINE)
    assert failed == []
    assert run.returncode == 0, run.stderr
    assert len(re.findall(r"^ok ", run.stdout, re.MULTILINE)) >= 24


@pytest.mark.parametrize("front_end", ["client_examples/dashboard", "server/graphiql"])
def test_its_scripts_call_no_npm_since_the_packaged_one_does_not_start(front_end: str) -> None:
    scripts = json.loads((ROOT / front_end / "package.json").read_text())["scripts"]

    assert [name for name, script in scripts.items() if re.search(r"\b(npm|npx)\b", script)] == []
