"""The FHIR face: HTTP in, HTTP out; what it means is decided in `services/dispatch.py`."""
