"""The steps of a write, one file each, in the order of `WRITE_STEPS`. A step that disagrees raises a Refusal."""
