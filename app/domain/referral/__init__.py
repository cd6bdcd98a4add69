"""What a referral may become, what a referral Task must hold, and by when somebody must act."""
