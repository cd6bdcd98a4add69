"""Whether something may be disclosed to somebody: one decision function."""
