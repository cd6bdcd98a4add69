"""Which patient, when the EHR did not say: looked for in the EHR's own list. What is typed stays out of addresses."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.fhir.errors import BusinessRule, Invalid
from app.services.launch.patients import MOST, Found, find_patients, take_patient
from app.services.launch.session import Launched
from app.web.clinician.pages import page
from app.web.clinician.session import SEE_OTHER, launched
from app.web.pages.forms import Form, posted_form

UNPROCESSABLE, CONFLICT = 422, 409


async def show(request: Request) -> Response:
    found = await launched(request, needs_patient=False)
    if found.patient is not None:
        return RedirectResponse(f"/clinician/{found.id}", SEE_OTHER)
    return _page(request, found)


async def find(request: Request) -> Response:
    here = await launched(request, needs_patient=False)
    form = await posted_form(request, here.csrf)
    name, born = form.text("name"), form.text("birth_date")
    try:
        patients = await find_patients(request.app.state.network, here, name=name, birth_date=born)
    except Invalid as wrong:
        field = "birth_date" if wrong.issues[0].rule == "launch-birth-date" else "name"
        return _page(request, here, form=form, wrong={field: wrong.issues[0].message}, status=UNPROCESSABLE)
    if patients is None:
        return page(request, "launch/no_patient.html", here)
    return _page(request, here, form=form, patients=patients)


async def choose(request: Request) -> Response:
    here = await launched(request, needs_patient=False)
    form = await posted_form(request, here.csrf)
    try:
        await take_patient(request.app.state.network, here, form.text("patient"))
    except BusinessRule as refusal:
        wrong = {"name": refusal.issues[0].message}
        return _page(request, here, wrong=wrong, status=CONFLICT)
    return RedirectResponse(f"/clinician/{here.id}", SEE_OTHER)


def _page(
    request: Request,
    here: Launched,
    *,
    form: Form | None = None,
    patients: list[Found] | None = None,
    wrong: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    typed = {name: form.text(name) if form else "" for name in ("name", "birth_date")}
    view = {"typed": typed, "patients": patients, "wrong": wrong or {}, "most": MOST}
    return page(request, "launch/patient.html", here, status=status, **view)
