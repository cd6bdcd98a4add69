"""Consent and the other bases at work: deciding, recording, withdrawing."""
