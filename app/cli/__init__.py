"""What the operator types: one file for each group of commands, each a few lines over a service."""
