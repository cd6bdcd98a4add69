"""The simulated EHR as a SMART authorization server with a launch page. *Source*: SMART App Launch 2.2, server side."""
