"""The site in `project/`, which was written for django-rest-knox, moves here."""

from tests.moving import served, written_for

PROJECT = written_for("knox")


@served
def test_the_site_is_whole_before_it_moves(tmp_path):
    site = PROJECT.copied(tmp_path / "project")

    told = site.manage("test")

    assert "OK" in told
