"""The real server for benchmarks, on a database whose tables are there already.

python -m benchmarks.serving PORT
"""

import sys

import uvicorn

from server.settings import read_settings
from server.wiring import create

if __name__ == "__main__":
    read_settings()
    uvicorn.run(create(), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False, loop="uvloop")
