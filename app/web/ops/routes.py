"""Every address of the operator's pages, in one place."""

from starlette.routing import Route

from app.web.ops.screens import consent_document, end, open_referrals, pass_on, phone, referral, waiting, withdraw

ONE = "/ops/referrals/{referral:uuid}"

ROUTES: tuple[Route, ...] = (
    Route("/ops", waiting.show, methods=["GET"]),
    Route("/ops/open", open_referrals.show, methods=["GET"]),
    Route("/ops/open", open_referrals.look, methods=["POST"]),
    Route("/ops/phone", phone.show, methods=["GET"]),
    Route("/ops/phone", phone.send, methods=["POST"]),
    Route(ONE, referral.show, methods=["GET"]),
    Route(f"{ONE}/consent-document", consent_document.download, methods=["GET"]),
    Route(f"{ONE}/pass-on", pass_on.send, methods=["POST"]),
    Route(f"{ONE}/end", end.show, methods=["GET"]),
    Route(f"{ONE}/end", end.send, methods=["POST"]),
    Route(f"{ONE}/withdraw", withdraw.show, methods=["GET"]),
    Route(f"{ONE}/withdraw", withdraw.send, methods=["POST"]),
)
