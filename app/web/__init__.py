"""The faces that speak HTTP: FHIR systems, CBO staff, the operator. Each is thin: it translates and calls a service."""
