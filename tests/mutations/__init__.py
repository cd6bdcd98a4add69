"""Resources with one defect each, made from the official definitions; what the official validator says of them, and
whether ours says the same. See README.md."""
