"""How long the properties search: ``HYPOTHESIS_PROFILE=thorough`` looks twenty times as far."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile("guard", max_examples=60, deadline=None, suppress_health_check=_SLOW)
settings.register_profile("thorough", max_examples=1200, deadline=None, suppress_health_check=_SLOW)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "guard"))
