"""Wire formats, pure: bytes and JSON values in, values and bytes out. Nothing here waits or decides."""
