"""The guard: text in, released text and findings out. Pure: no clock, no socket, no event loop."""
