"""Server processes that start quickly: what they need is imported once, before they part from one another.

Run as `python -m tests.chaos.forked` it is the process that they part from: it reads settings line by line, and says
which process serves by them.
"""

import gc
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import Any

from server.running import serve
from server.settings import read_settings
from server.wiring import create

ROOT = Path(__file__).resolve().parents[2]
ENDS_WITHIN_SECONDS = 20.0


class Forks:
    """Starts servers on demand."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.chaos.forked"]
        self._parent = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        # Servers are started from threads.
        self._turn = Lock()

    def fork(self, environment: Mapping[str, str], log: Path) -> int:
        """The id of a new process that serves by the settings in an environment."""
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        with self._turn:
            self._parent.stdin.write(json.dumps({"environment": dict(environment), "log": str(log)}) + "\n")
            self._parent.stdin.flush()
            return int(self._parent.stdout.readline())

    def stop(self) -> None:
        self._parent.communicate(timeout=ENDS_WITHIN_SECONDS)


class Fork:
    """One process that can be signalled."""

    def __init__(self, forks: Forks, environment: Mapping[str, str], log: Path) -> None:
        self.pid = forks.fork(environment, log)

    def send_signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def poll(self) -> int | None:
        """0 where it has ended: how, only its parent knows."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return 0
        return None

    def wait(self, timeout: float) -> int:
        until = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > until:
                raise TimeoutError(f"Process {self.pid} did not end.")
            time.sleep(0.005)
        return 0


# ---------------------------------------------------------------- in the processes


def _serve(case: dict[str, Any]) -> None:
    log = os.open(case["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(0)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.update(case["environment"])
    gc.enable()
    serve(create(), read_settings())


def main() -> None:
    import_module("resolvers.schema")
    # What is there already is shared by all, as long as nobody looks for garbage in it.
    gc.freeze()
    gc.disable()
    # Whoever ends is gone at once, as those who look for it expect.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        process = os.fork()
        if process == 0:
            status = 1
            try:
                _serve(json.loads(line))
                status = 0
            finally:
                os._exit(status)
        print(process, flush=True)


if __name__ == "__main__":
    main()
