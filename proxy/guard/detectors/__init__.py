"""The detectors, one file each. A new detector is a new file and one entry in ``FACTORIES``."""
