"""The only HTTP-client code: what is asked of an upstream model, and every way in which it can fail."""
