"""The clinician's face: launches from EHRs, and the pages that a launched clinician sees."""
