"""One Chromium for all tests of this folder, driven step by step: what a step does stands in steps/*.mjs."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from server.front_end import installed_npm, packaged_npm

HERE = Path(__file__).resolve().parent


def chromium() -> str | None:
    """The machine's Chromium, if there is one."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for name in names if (path := shutil.which(name))), None)


class Browser:
    def __init__(self, pictures: Path) -> None:
        found = chromium()
        assert found is not None
        assert (HERE / "node_modules").exists(), "`make test` installs what drives the browser."
        _, folder_of_node = installed_npm() or packaged_npm()
        command = [str(folder_of_node / "node"), str(HERE / "browser.mjs"), found, str(pictures)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def do(self, step: str, page: str = "page", **given: Any) -> Any:
        """Take a step on a page; what it found. A step that cannot be taken fails the test, and leaves a picture."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"step": step, "page": page, "given": given}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "The browser has ended."
        outcome = json.loads(line)
        assert "failed" not in outcome, outcome["failed"]
        return outcome["result"]

    def stop(self) -> None:
        self._process.communicate(timeout=20)
