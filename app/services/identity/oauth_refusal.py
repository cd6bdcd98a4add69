"""Refusals of the authorization server, in the words of its RFCs.

*Source*: RFC 6749 section 5.2; security sheet ERR-03 and decision 15.
"""


class OAuthRefusal(Exception):
    """`error` is an RFC code; `description` is ours and holds nothing of the request; `rule` is for the log only."""

    def __init__(
        self, error: str, description: str, *, rule: str = "", retry_after_s: int | None = None, by_basic: bool = False
    ) -> None:
        super().__init__(error)
        self.error = error
        self.description = description
        self.rule = rule or error
        self.retry_after_s = retry_after_s
        self.by_basic = by_basic


def unproven(rule: str, *, by_basic: bool = False) -> OAuthRefusal:
    """The client has not proven who it is; the answer is the same whatever the reason."""
    return OAuthRefusal("invalid_client", "The client could not be authenticated.", rule=rule, by_basic=by_basic)
