"""Who may do what: SMART scopes, and the rules that ask them."""
