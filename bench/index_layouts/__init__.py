"""Which search-index layout is fastest where it is slowest: see docs/decisions/0002-search-index-layout.md."""
