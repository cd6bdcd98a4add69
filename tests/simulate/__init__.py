"""The simulated EHR: what it sends is good, and it reads back what became of it."""
