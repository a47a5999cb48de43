"""Who answers the guard's questions: local models, services and judges. See :mod:`proxy.inference.workshop`."""
