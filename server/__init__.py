"""The running process: app, settings, database, keys, command line."""
