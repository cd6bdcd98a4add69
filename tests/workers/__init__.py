"""`baton serve --workers 4`: four processes on one socket and one database behave as one server."""
