"""Profiles: facts about them as tables, read from official packages or from `fhir_profiles/`, and what is wrong with a
resource by them."""
