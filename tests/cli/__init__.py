"""Every command, typed by an operator into a process of its own."""
