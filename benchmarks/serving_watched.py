"""The real server with its own protocols, which the benchmarks of watching connect to.

python -m benchmarks.serving_watched PORT
"""

import sys

from server.running import serve
from server.settings import read_settings
from server.wiring import create

if __name__ == "__main__":
    serve(create(), read_settings(port=int(sys.argv[1]), log_level="ERROR"))
