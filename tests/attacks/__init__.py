"""Attacks and bad inputs of the security sheet's part 5, sections A, B and C: one line, one test (or a handful).

`lines.toml` lists the lines and who owes those that cannot be tested yet; a table in each `test_*.py` says what is
sent and what must come of it; `scene.py` is where it happens. Test ids begin with the line: `-k A05`.
"""
