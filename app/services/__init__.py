"""Verbs: what can be done, told from the top. Faces call these; these call domain, fhir, store and gateways."""
