"""Thousands of requests with a valid token, sound ones and broken ones, over everything that is served.

*Source*: security sheet ERR-01, ERR-03; R4 http.html. `schemathesis` was weighed: from an OpenAPI document it knows no
resource that R4 would take, no version, no identifier, so that hardly any of its requests gets past the first check.
"""
