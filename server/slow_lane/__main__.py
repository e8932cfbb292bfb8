"""`python -m server.slow_lane NUMBER`: the slow lane of the server that left the other end open as file NUMBER."""

import os
import signal
import sys
from socket import socket

import uvloop

from server.slow_lane.working import work
from server.threads import take_short_turns

NICENESS = 10
"""Where processors are few, the server's own turn comes first."""

if __name__ == "__main__":
    # Whoever stops the server and all that it started: what the server still answers until it ends needs us.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.nice(NICENESS)
    take_short_turns()
    uvloop.run(work(socket(fileno=int(sys.argv[1]))))
