"""Simulated EHRs: other systems that speak to a referral network over HTTP only. This package imports nothing of ours.

What it knows of a network it reads from `/metadata` and the SMART configuration; what it is comes in as settings.
"""
