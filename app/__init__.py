"""Baton: a referral for social care is handed over and never dropped."""

__version__ = "0.1.0"
