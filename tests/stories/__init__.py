"""What the product is for, told from outside: commands, HTTP and a browser, on a server that knows nobody yet."""
