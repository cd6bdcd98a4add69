"""EHRs as their clients see them: SMART sign-in and the chart. Whatever an EHR answers is untrusted."""
