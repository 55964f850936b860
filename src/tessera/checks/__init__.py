"""The system checks: what can be wrong with a site is proved at start. `manage.py check --tag tessera` runs them alone.

What a check says stands in `catalog`, and again in `docs/reference/checks.md`.
"""

from tessera.checks import middleware, peers, peppers, rest_framework, settings, signing_keys, surroundings

__all__ = [
    "middleware",
    "peers",
    "peppers",
    "rest_framework",
    "settings",
    "signing_keys",
    "surroundings",
]  # each registers its own
