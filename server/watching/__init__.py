"""Pushing what happens: doorbells between processes, watchers of ledgers, shared executions, sockets and streams."""
