"""Every address of the community organizations' pages, in one place."""

from starlette.routing import Route

from app.web.cbo.screens import act, choose_organization, home, inbox, invitation, referral, sign_in, sign_out

ROUTES: tuple[Route, ...] = (
    Route("/", home.show, methods=["GET"]),
    Route("/sign-in", sign_in.show, methods=["GET"]),
    Route("/sign-in", sign_in.send, methods=["POST"]),
    Route("/sign-out", sign_out.send, methods=["POST"]),
    Route("/invitation/{token}", invitation.show, methods=["GET"]),
    Route("/invitation/{token}", invitation.send, methods=["POST"]),
    Route("/choose-organization", choose_organization.show, methods=["GET"]),
    Route("/choose-organization", choose_organization.send, methods=["POST"]),
    Route("/inbox", inbox.show, methods=["GET"]),
    Route("/referrals/{referral:uuid}", referral.show, methods=["GET"]),
    Route("/referrals/{referral:uuid}/{slug}", act.show, methods=["GET"]),
    Route("/referrals/{referral:uuid}/{slug}", act.send, methods=["POST"]),
)
