"""A referral's verbs: receive, route, pass on, respond, roll up, end; and what people see of it."""
