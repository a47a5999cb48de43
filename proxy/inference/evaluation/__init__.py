"""Measures detectors on labelled texts: ``tidegate eval``, and the published evaluation sets."""
