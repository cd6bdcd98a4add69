"""What the product writes, judged by the official HL7 validator: `python -m tools.conformance`."""
