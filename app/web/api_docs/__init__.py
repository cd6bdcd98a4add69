"""What the FHIR face offers, told to programs (OpenAPI) and to people (a page), from the same registry."""
