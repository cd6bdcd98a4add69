"""The language: FHIR R4 4.0.1 as bytes, trees, values and refusals.

Pure: no clock, no network, no database, nothing of ours outside this folder.
"""
