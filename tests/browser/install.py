"""Installs what drives the browser in these tests; make runs it where there is a Chromium."""

from pathlib import Path

from server.front_end import run_npm

if __name__ == "__main__":
    run_npm(Path(__file__).resolve().parent, "ci", "--no-progress", "--loglevel=error")
