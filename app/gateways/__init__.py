"""Talking to somebody else: keys and tokens, mail, EHRs. Each file is the only importer of its library."""
