"""Who is asking: systems with their tokens, people with their sessions. One verb per file."""
