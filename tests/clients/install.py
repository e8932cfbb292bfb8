"""Installs the clients that these tests run: `python -m tests.clients.install`, done by make before it tests."""

from pathlib import Path

from server.front_end import run_npm

if __name__ == "__main__":
    run_npm(Path(__file__).resolve().parent, "ci", "--ignore-scripts", "--no-progress", "--loglevel=error")
