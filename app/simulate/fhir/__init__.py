"""The simulated EHR's charts as a FHIR R4 server: what an app that was launched may read and write."""
