"""Data of earlier releases: one small dump each, made by `python -m tests.upgrades.make NAME` at its end."""
