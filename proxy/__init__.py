"""Tidegate: a guardrail proxy that checks chat completions while they stream."""

__version__ = "0.1.0"
