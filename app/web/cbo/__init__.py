"""The web client of community organizations: sign in, inbox, one referral and its answers."""
