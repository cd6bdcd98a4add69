"""Why a referral waits with the operator, and what is to be done next: our words, and the same in people's words."""

ROUTE = "route"
PASS_ON = "pass-on"
ANSWER = "answer"
START = "start"
FINISH = "finish"
RESUME = "resume"

SENDER_NOT_READ = "sender-not-read"
NOBODY_NAMED = "nobody-named"
SEVERAL_NAMED = "several-named"
CAME_BACK = "came-back"
NO_CONSENT = "no-consent"

NEXT_ACTIONS = {
    ROUTE: "being read",
    PASS_ON: "choose an organization and pass it on",
    ANSWER: "waiting for an answer",
    START: "accepted, to be started",
    FINISH: "being worked on",
    RESUME: "on hold",
}

WHY_WAITING = {
    SENDER_NOT_READ: "the sender's system has not been read",
    NOBODY_NAMED: "the sender names no organization of this network",
    SEVERAL_NAMED: "the sender names several organizations",
    CAME_BACK: "it came back from the organization that had it",
    NO_CONSENT: "no consent came with it",
    "consent-not-active": "the consent is not active",
    "consent-not-about-privacy": "the consent is not about sharing information",
    "consent-not-given-yet": "the consent does not say when it was given",
    "consent-not-understood": "the consent has conditions that must be read by a person",
    "consent-does-not-permit": "the consent does not say that sharing is permitted",
    "consent-not-valid-now": "the consent is not valid today",
    "consent-names-nobody": "the consent names nobody; read its document",
    "consent-names-another": "the consent names somebody else",
    "consent-for-another-purpose": "the consent is for another purpose",
    "consent-for-another-action": "the consent does not allow disclosure",
    "persons-differ": "the Task and the request are about two persons",
    "person-of-another": "the person's record belongs to another member",
    "consent-by-recipient": "the consent was written by the organization that it admits",
    "basis-withdrawn": "consent was withdrawn",
}
