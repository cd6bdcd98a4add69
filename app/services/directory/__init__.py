"""Members of the network and how a reference leads to one."""
