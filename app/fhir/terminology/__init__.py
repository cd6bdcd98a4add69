"""Terminology: value sets and code systems as tables, and what follows from them."""
