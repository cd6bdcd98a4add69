"""The one way out: every call to somebody else's server goes through `client.Outbound`."""
