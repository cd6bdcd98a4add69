"""The demo world of a development installation: made through the same services and the same API as everything else."""
