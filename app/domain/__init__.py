"""Rules: pure functions over values, no clock, no database; one folder a subject."""
