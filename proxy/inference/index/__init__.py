"""The index of protected texts: its file, how it is built, and the ``tidegate index`` command."""
