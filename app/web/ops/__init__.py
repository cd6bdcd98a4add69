"""The operator's pages: waiting referrals, pass on, end, withdraw, and every open referral."""
