"""Clients that others wrote, against a server as an operator runs it."""
