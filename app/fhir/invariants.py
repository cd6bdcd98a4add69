"""R4's rules between elements, as a table: for a type or an element's path, the rule's key, what it demands, a test.

*Source*: the invariants of R4 4.0.1 with severity error; where its FHIRPath tests less than its words say (ppc-2 to
ppc-5), the words. Left out: those that only warn (con-3, dom-6), and those of types that no served type can hold
outside `contained`.
"""

from __future__ import annotations

from app.fhir import invariant_tests as tests
from app.fhir.invariant_tests import Invariant
from app.fhir.invariants_questionnaire import QUESTIONNAIRE
from app.fhir.invariants_terminology import TERMINOLOGY
from app.fhir.json import Number

_REQUESTS = ("batch", "transaction", "history")
_RESPONSES = ("batch-response", "transaction-response", "history")

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "Extension",
        "ext-1",
        "An extension has either a value or extensions, not both.",
        tests.exactly_one("extension", "value[x]"),
    ),
    Invariant("Period", "per-1", "start may not be after end.", tests.ordered("start", "end")),
    Invariant("Quantity", "qty-3", "A code for the unit needs its system.", tests.needs("code", "system")),
    Invariant("Age", "age-1", "An age has a UCUM code of time.", tests.measured_in()),
    Invariant(
        "Age",
        "age-1",
        "An age is more than nothing.",
        lambda n: "value" not in n or tests.number(n["value"]) > 0,
        "value",
    ),
    Invariant("Distance", "dis-1", "A distance has a UCUM code of length.", tests.measured_in()),
    Invariant("Count", "cnt-3", "A count has the UCUM code 1.", tests.measured_in("1")),
    Invariant(
        "Count",
        "cnt-3",
        "A count is whole.",
        lambda n: type(n.get("value")) is not Number or "." not in n["value"].text,
        "value",
    ),
    Invariant(
        "Duration",
        "drt-1",
        "A duration with a code has a value, and its system is UCUM.",
        lambda n: not tests.has(n, "code") or (n.get("system") == tests.UCUM and tests.has(n, "value")),
    ),
    Invariant("Range", "rng-2", "low may not be more than high.", tests.low_first),
    Invariant("Ratio", "rat-1", "A ratio has a numerator and a denominator, or neither and an extension.", tests.ratio),
    Invariant("Attachment", "att-1", "Data needs its contentType.", tests.needs("data", "contentType")),
    Invariant("ContactPoint", "cpt-2", "A value needs its system (phone, email ...).", tests.needs("value", "system")),
    Invariant(
        "Expression", "exp-1", "An expression or a reference must be there.", tests.any_of("expression", "reference")
    ),
    Invariant(
        "DataRequirement.codeFilter",
        "drq-1",
        "Either path or searchParam, not both.",
        tests.exactly_one("path", "searchParam"),
    ),
    Invariant(
        "DataRequirement.dateFilter",
        "drq-2",
        "Either path or searchParam, not both.",
        tests.exactly_one("path", "searchParam"),
    ),
    Invariant("Timing.repeat", "tim-1", "duration needs durationUnit.", tests.needs("duration", "durationUnit")),
    Invariant("Timing.repeat", "tim-2", "period needs periodUnit.", tests.needs("period", "periodUnit")),
    Invariant("Timing.repeat", "tim-4", "duration may not be negative.", tests.not_negative("duration")),
    Invariant("Timing.repeat", "tim-5", "period may not be negative.", tests.not_negative("period")),
    Invariant("Timing.repeat", "tim-6", "periodMax needs period.", tests.needs("periodMax", "period")),
    Invariant("Timing.repeat", "tim-7", "durationMax needs duration.", tests.needs("durationMax", "duration")),
    Invariant("Timing.repeat", "tim-8", "countMax needs count.", tests.needs("countMax", "count")),
    Invariant("Timing.repeat", "tim-9", "offset needs when, and not C, CM, CD or CV.", tests.offset_has_when),
    Invariant("Timing.repeat", "tim-10", "timeOfDay and when exclude each other.", tests.not_both("timeOfDay", "when")),
    Invariant("ServiceRequest", "prr-1", "orderDetail needs code.", tests.needs("orderDetail", "code"), "orderDetail"),
    Invariant(
        "Task",
        "inv-1",
        "lastModified may not be before authoredOn.",
        tests.ordered("authoredOn", "lastModified"),
        "lastModified",
    ),
    Invariant("Consent", "ppc-1", "A consent names a policy or a policyRule.", tests.any_of("policy", "policyRule")),
    Invariant(
        "Consent",
        "ppc-2",
        "A privacy consent needs its patient.",
        tests.scope_has_patient("patient-privacy"),
        "patient",
    ),
    Invariant(
        "Consent", "ppc-3", "A consent to research needs its patient.", tests.scope_has_patient("research"), "patient"
    ),
    Invariant("Consent", "ppc-4", "An advance directive needs its patient.", tests.scope_has_patient("adr"), "patient"),
    Invariant(
        "Consent", "ppc-5", "A consent to treatment needs its patient.", tests.scope_has_patient("treatment"), "patient"
    ),
    Invariant(
        "Patient.contact",
        "pat-1",
        "A contact has a name, telecom, address or organization.",
        tests.any_of("name", "telecom", "address", "organization"),
    ),
    Invariant(
        "Organization", "org-1", "An organization has a name or an identifier.", tests.any_of("name", "identifier")
    ),
    Invariant(
        "Organization", "org-2", "An organization's address is never of use home.", tests.no_home("address"), "address"
    ),
    Invariant(
        "Organization", "org-3", "An organization's telecom is never of use home.", tests.no_home("telecom"), "telecom"
    ),
    Invariant(
        "Condition",
        "con-4",
        "What has abated has clinicalStatus inactive, remission or resolved.",
        tests.abated_is_over,
        "clinicalStatus",
    ),
    Invariant(
        "Condition",
        "con-5",
        "clinicalStatus may not be there when verificationStatus is entered-in-error.",
        tests.mistake_has_no_status,
        "clinicalStatus",
    ),
    Invariant(
        "Condition.stage", "con-1", "A stage has a summary or an assessment.", tests.any_of("summary", "assessment")
    ),
    Invariant("Condition.evidence", "con-2", "Evidence has a code or a detail.", tests.any_of("code", "detail")),
    Invariant(
        "Observation",
        "obs-6",
        "dataAbsentReason and a value exclude each other.",
        tests.not_both("dataAbsentReason", "value[x]"),
        "dataAbsentReason",
    ),
    Invariant(
        "Observation",
        "obs-7",
        "With a component of the same code, the value belongs into the component.",
        tests.value_or_component,
    ),
    Invariant(
        "Observation.referenceRange",
        "obs-3",
        "A reference range has low, high or text.",
        tests.any_of("low", "high", "text"),
    ),
    Invariant(
        "QuestionnaireResponse.item",
        "qrs-1",
        "Items stand below an item or below its answer, not both.",
        tests.not_both("answer", "item"),
    ),
    Invariant("Goal.target", "gol-1", "detail needs measure.", tests.needs("detail[x]", "measure")),
    Invariant(
        "Group", "grp-1", "Only an actual group has members.", lambda n: "member" not in n or n.get("actual") is True
    ),
    Invariant(
        "Bundle",
        "bdl-1",
        "Only a search or a history has a total.",
        lambda n: not tests.has(n, "total") or n.get("type") in ("searchset", "history"),
        "total",
    ),
    Invariant(
        "Bundle",
        "bdl-2",
        "Only a search's entries have search.",
        lambda n: n.get("type") == "searchset" or not any(tests.has(e, "search") for e in n.get("entry", ())),
        "entry",
    ),
    Invariant(
        "Bundle",
        "bdl-3",
        "Every entry of a batch, transaction or history has a request, others have none.",
        tests.entries("request", _REQUESTS),
        "entry",
    ),
    Invariant(
        "Bundle",
        "bdl-4",
        "Every entry of a response or history has a response, others have none.",
        tests.entries("response", _RESPONSES),
        "entry",
    ),
    Invariant("Bundle", "bdl-7", "fullUrl occurs once, or with different versions.", tests.distinct_urls, "entry"),
    Invariant(
        "Bundle.entry",
        "bdl-5",
        "An entry has a resource, a request or a response.",
        tests.any_of("resource", "request", "response"),
    ),
    Invariant(
        "Bundle.entry",
        "bdl-8",
        "fullUrl does not name a version.",
        lambda n: "/_history/" not in n.get("fullUrl", ""),
        "fullUrl",
    ),
    Invariant(
        "Bundle",
        "bdl-9",
        "A document has an identifier with a system and a value.",
        lambda n: n.get("type") != "document" or {"system", "value"} <= n.get("identifier", {}).keys(),
        "identifier",
    ),
    Invariant(
        "Bundle",
        "bdl-10",
        "A document has its date.",
        lambda n: n.get("type") != "document" or "timestamp" in n,
        "timestamp",
    ),
    Invariant("Bundle", "bdl-11", "A document begins with a Composition.", tests.begins("document", "Composition")),
    Invariant("Bundle", "bdl-12", "A message begins with a MessageHeader.", tests.begins("message", "MessageHeader")),
    Invariant(
        "CareTeam.participant",
        "ctm-1",
        "Only a Practitioner acts on behalf of somebody.",
        lambda n: not tests.has(n, "onBehalfOf") or tests.may_be(n.get("member"), "Practitioner"),
        "onBehalfOf",
    ),
    Invariant(
        "Immunization.education",
        "imm-1",
        "Education has a documentType or a reference.",
        tests.any_of("documentType", "reference"),
    ),
    Invariant("AuditEvent.entity", "sev-1", "Either a name or a query, not both.", tests.not_both("name", "query")),
    *QUESTIONNAIRE,
    *TERMINOLOGY,
)
