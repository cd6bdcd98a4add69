"""Questions that several verbs ask: what a reference leads to, who stands behind it, whether a basis permits."""
