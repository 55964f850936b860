"""The candidates: an adapter file for each package."""

from bench.candidates import authtoken, floor_sql, knox, none, simplejwt, tessera, tessera_jwt

ADAPTERS = (none, floor_sql, tessera, tessera_jwt, simplejwt, authtoken, knox)
CANDIDATES = {candidate.name: candidate for adapter in ADAPTERS for candidate in adapter.CANDIDATES}
STORES = {one.store.table: one.store for one in CANDIDATES.values() if one.store}
LASTING = {adapter.LASTING.name: adapter.LASTING for adapter in (tessera, tessera_jwt, simplejwt, knox, authtoken)}
"""Those whose sign-ins are refreshed or ended all at once: `bench.lasting` installs what they need."""

OPEN, FLOOR = "none", "floor-sql"
"""What the others are compared with."""

OURS = frozenset(candidate.name for adapter in (tessera, tessera_jwt) for candidate in adapter.CANDIDATES)
