"""The authorization server's face: the token endpoint and SMART discovery."""
