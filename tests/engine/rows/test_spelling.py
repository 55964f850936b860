"""A moment on its way to the database: as the ORM spells it, wherever the connection's clock hangs."""

from datetime import UTC, datetime

import pytest
from django.db import connection

from tessera.engine.rows.spelling import prepared, spelling


@pytest.mark.parametrize("uses_zones", [True, False])
@pytest.mark.parametrize("zone", [None, "UTC", "Europe/London", "Africa/Sao_Tome", "America/Chicago"])
@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(datetime(2026, 1, 1, 12, tzinfo=UTC), id="in winter"),
        pytest.param(datetime(2026, 7, 1, 12, 0, 0, 5, tzinfo=UTC), id="in summer"),
        pytest.param(datetime(2018, 7, 1, tzinfo=UTC), id="in the one year in which a country moved its clocks"),
        pytest.param(datetime(999, 1, 1, tzinfo=UTC), id="with a year of three digits"),
        pytest.param(datetime(9999, 12, 31, 22, tzinfo=UTC), id="in the last year"),
    ],
)
def test_a_moment_is_spelt_as_the_orm_spells_it(settings, uses_zones, zone, moment):
    settings.USE_TZ = uses_zones
    other = connection.copy()
    other.settings_dict["TIME_ZONE"] = zone

    assert str(spelling(other)(moment)) == str(prepared("ends_at", moment, other))
