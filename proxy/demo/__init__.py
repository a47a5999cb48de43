"""The embedded demo: a small OpenAI-compatible model, and `tidegate demo`, which guards it."""
