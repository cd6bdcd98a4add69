"""An oracle for searches: what R4's chapter on search says, computed in memory, with nothing of the program's code.

`definitions` reads the official SearchParameters, `extraction` finds a parameter's values by FHIRPath, `values`,
`times` and `amounts` read them, `matching` compares, `oracle` puts searches together. The choices that R4 leaves to a
server are in README.md, one table.
"""
