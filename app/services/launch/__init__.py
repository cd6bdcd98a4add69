"""A clinician launches Baton from inside her EHR: the SMART app's side of the launch, and the session that it opens."""
