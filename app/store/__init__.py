"""What is remembered: PostgreSQL. The only room that imports a database library."""
