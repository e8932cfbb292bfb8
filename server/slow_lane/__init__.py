"""Processes of their own for what is heavy, long or not known yet, so that nobody else waits for it.

The server hands over documents that it has not seen, heavy queries, questions about the schema, and whatever is long.
Who may ask, whose turn it is and what it costs stay with the server; a lane reads documents and runs operations, on
connections of its own. Both talk over one pair of sockets: `messages.py` says what, `lane.py` is the server's end,
`working.py` the process's, with its `link.py` for what it says of its own accord.
"""
