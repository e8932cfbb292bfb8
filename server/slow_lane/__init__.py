"""A process of its own for what is heavy or not known yet, so that nobody else waits for it.

The server hands over documents that it has not seen, heavy queries, and questions about the schema. Who may ask, whose
turn it is and what it costs stay with the server; the lane reads documents, runs queries on connections of its own, and
writes nothing. Both talk over one pair of sockets: `messages.py` says what, `lane.py` is the server's end, `working.py`
the process's.
"""
