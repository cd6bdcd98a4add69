"""The benchmark: `make bench`. Nothing of the product imports it."""
