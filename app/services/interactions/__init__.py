"""One file a FHIR interaction. *Source*: R4 http.html."""
