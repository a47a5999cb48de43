"""The configuration file: its shapes, ``${NAME}`` substitution, and its compilation to immutable values.

Start at :func:`proxy.config.loader.load`; what comes out is in :mod:`proxy.config.deployment`.
"""
