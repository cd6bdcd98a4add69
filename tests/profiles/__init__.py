"""Profiles: tables, what is compiled from them, and who agrees with it."""
