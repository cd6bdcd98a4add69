#!/usr/bin/env bash
# The first story by curl, as an EHR engineer would try it on a machine where `make run` serves: a clinic and a food
# organization are admitted, a system is registered, a referral goes in as one transaction, and is read back.
# Called by .ci/fresh in the folder of the clone. $1: the address of the server.
set -euo pipefail
address=$1
export BATON_ENV=development PORT="${address##*:}"
baton=.venv/bin/baton
python=.venv/bin/python
mark=$RANDOM$RANDOM
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# pick FILE EXPRESSION: an expression over the JSON document `it`.
pick() { "$python" -c 'import json, sys; it = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$1" "$2"; }

# call STATUS NAME CURL-ARGUMENTS...: the answer goes to $work/NAME.json; another status is an error and is shown.
call() {
  local status=$1 name=$2 got
  shift 2
  got=$(curl --silent --show-error --max-time 30 --output "$work/$name.json" --write-out '%{http_code}' "$@")
  [ "$got" = "$status" ] || { echo "$name: $got instead of $status"; cat "$work/$name.json"; exit 1; }
}

clinic=$("$baton" organization add "Clinic $mark" --kind source)
pantry=$("$baton" organization add "Pantry $mark" --kind target --email "news-$mark@pantry.example")

"$python" - "$work" <<'PYTHON'
import json, pathlib, sys
from joserfc.jwk import ECKey
key = ECKey.generate_key("P-384", {"use": "sig", "alg": "ES384", "kid": "story"})
pathlib.Path(sys.argv[1], "jwks.json").write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
PYTHON
client=$("$baton" client add "EHR $mark" --organization "$clinic" --scopes 'system/*.cruds' --jwks-file "$work/jwks.json" | tail -n 1)
token=$("$baton" token "$client" | tail -n 1)

call 401 nobody "$address/fhir/Task"
call 200 metadata "$address/fhir/metadata"
network=$(pick "$work/metadata.json" "it['implementation']['custodian']['reference']")

sed -e "s|@CLINIC@|$clinic|g; s|@PANTRY@|$pantry|g; s|@NETWORK@|$network|g; s|@MARK@|$mark|g" >"$work/referral.json" <<'JSON'
{"resourceType": "Bundle", "type": "transaction", "entry": [
 {"fullUrl": "urn:uuid:5d5b7c2e-0000-4000-8000-000000000001", "request": {"method": "POST", "url": "Patient"},
  "resource": {"resourceType": "Patient", "name": [{"family": "Story-@MARK@", "given": ["Ada"]}],
   "telecom": [{"system": "phone", "value": "555-0100"}]}},
 {"fullUrl": "urn:uuid:5d5b7c2e-0000-4000-8000-000000000002", "request": {"method": "POST", "url": "Consent"},
  "resource": {"resourceType": "Consent", "status": "active",
   "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]},
   "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
   "patient": {"reference": "urn:uuid:5d5b7c2e-0000-4000-8000-000000000001"}, "dateTime": "2026-01-05",
   "organization": [{"reference": "@CLINIC@"}],
   "policyRule": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "OPTIN"}]},
   "provision": {"type": "permit", "actor": [{"reference": {"reference": "@PANTRY@"},
    "role": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}]}}]}}},
 {"fullUrl": "urn:uuid:5d5b7c2e-0000-4000-8000-000000000003", "request": {"method": "POST", "url": "ServiceRequest"},
  "resource": {"resourceType": "ServiceRequest", "status": "active", "intent": "order",
   "category": [{"coding": [{"system": "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes",
     "code": "food-insecurity"}]}],
   "code": {"coding": [{"system": "http://snomed.info/sct", "code": "464031000124101", "display": "Referral to food pantry program"}]},
   "subject": {"reference": "urn:uuid:5d5b7c2e-0000-4000-8000-000000000001"},
   "requester": {"reference": "@CLINIC@"}, "performer": [{"reference": "@PANTRY@"}], "authoredOn": "2026-01-05",
   "supportingInfo": [{"reference": "urn:uuid:5d5b7c2e-0000-4000-8000-000000000002"}]}},
 {"fullUrl": "urn:uuid:5d5b7c2e-0000-4000-8000-000000000004", "request": {"method": "POST", "url": "Task"},
  "resource": {"resourceType": "Task", "status": "requested", "intent": "order",
   "code": {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}]},
   "focus": {"reference": "urn:uuid:5d5b7c2e-0000-4000-8000-000000000003"},
   "for": {"reference": "urn:uuid:5d5b7c2e-0000-4000-8000-000000000001"}, "authoredOn": "2026-01-05T09:00:00Z",
   "requester": {"reference": "@CLINIC@"}, "owner": {"reference": "@NETWORK@"}}}
]}
JSON
call 200 transaction "$address/fhir" --header "Authorization: Bearer $token" \
  --header 'Content-Type: application/fhir+json' --data-binary "@$work/referral.json"
task=$(pick "$work/transaction.json" "it['entry'][3]['response']['location'].split('/_history')[0].split('/')[-1]")

# The operator need do nothing: performer and consent name the organization, so the worker passes the referral on.
for _ in $(seq 100); do
  call 200 task "$address/fhir/Task?_id=$task&_include=Task:focus" --header "Authorization: Bearer $token"
  status=$(pick "$work/task.json" "[e['resource']['status'] for e in it['entry'] if e['resource']['resourceType'] == 'Task'][0]")
  [ "$status" = requested ] || break
  sleep 0.1
done
[ "$status" = accepted ] || { echo "the referral was not passed on: Task.status is $status"; exit 1; }
[ "$(pick "$work/task.json" "len(it['entry'])")" = 2 ] || { echo 'the request was not included'; exit 1; }
echo "the first story went through: Task/$task is $status"
