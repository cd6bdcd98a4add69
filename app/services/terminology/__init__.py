"""Terminology: the value sets and code systems that this network knows, shipped or installed, for whoever asks."""
