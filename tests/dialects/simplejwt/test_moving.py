"""The site in `project/`, which was written for djangorestframework-simplejwt, moves here."""

from tests.moving import served, written_for


@served
def test_the_site_is_whole_before_it_moves(tmp_path):
    site = written_for("simplejwt", tmp_path / "project")

    told = site.manage("test")

    assert "OK" in told
