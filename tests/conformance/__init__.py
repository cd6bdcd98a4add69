"""What every served type does, over HTTP: a type has it by its TOML file and its example."""
