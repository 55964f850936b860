"""The candidates: an adapter file for each package."""

from bench.candidates import authtoken, floor_sql, knox, none, simplejwt, tessera

ADAPTERS = (none, floor_sql, tessera, simplejwt, authtoken, knox)
CANDIDATES = {candidate.name: candidate for adapter in ADAPTERS for candidate in adapter.CANDIDATES}
