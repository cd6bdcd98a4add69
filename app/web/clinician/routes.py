"""Every address of the launch and of the clinician's pages, in one place."""

from starlette.routing import Route

from app.web.clinician import launch
from app.web.clinician.screens import home, overview, patient, refer, referral, sign_out

HERE = "/clinician/{launch:uuid}"
ONE = f"{HERE}/referrals/{{referral:uuid}}"

ROUTES: tuple[Route, ...] = (
    Route("/launch", launch.show, methods=["GET"]),
    Route("/launch/callback", launch.callback, methods=["GET"]),
    Route("/launch/callback/{connection:uuid}", launch.callback, methods=["GET"]),
    Route("/clinician", home.lead, methods=["GET"]),
    Route(HERE, overview.show, methods=["GET"]),
    Route(f"{HERE}/status", overview.status, methods=["GET"]),
    Route(f"{HERE}/refer", refer.show, methods=["GET"]),
    Route(f"{HERE}/refer", refer.choose, methods=["POST"]),
    Route(f"{HERE}/refer/send", refer.send_it, methods=["POST"]),
    Route(ONE, referral.show, methods=["GET"]),
    Route(f"{ONE}/cancel", referral.ask, methods=["GET"]),
    Route(f"{ONE}/cancel", referral.send, methods=["POST"]),
    Route(f"{HERE}/patient", patient.show, methods=["GET"]),
    Route(f"{HERE}/patient", patient.find, methods=["POST"]),
    Route(f"{HERE}/patient/choose", patient.choose, methods=["POST"]),
    Route(f"{HERE}/sign-out", sign_out.send, methods=["POST"]),
)
