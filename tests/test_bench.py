"""What the bench says of its timings. That the candidates serve and refuse whom they should, it proves itself first."""

from xml.etree import ElementTree

import pytest

from bench.aims import verdicts
from bench.candidates.tessera import STORE
from bench.chart import chart
from bench.filling import give
from bench.markdown import table
from bench.rounds import ratio
from bench.wire import Answer
from tessera import revoke

TESSERA = {
    "to_open": {"median": 1.5},
    "to_floor": {"median": 1.15},
    "forged": {"to_no_credential": {"median": 1.0}},
    "random": {"to_no_credential": {"median": 1.0}},
    "login": {"token_writes": 1},
    "crowd": {"median": 1.0},
}
LASTING = {"refresh": {"statements": 2, "writes": 1, "rows_left": 1}, "revoke_all": {"statements": 3}}


def told(**changes):
    rows = {"none": {"to_open": {"median": 1.0}}, "tessera": TESSERA | changes}
    lasting = {"tessera": LASTING | {name: changes[name] for name in LASTING.keys() & changes}}
    return {"databases": {"sqlite": {"server": "SQLite 3.40.1", "candidates": rows, "lasting": lasting}}}


@pytest.mark.parametrize(
    ("ratio", "word"), [pytest.param(1.15, "reached", id="at the limit"), pytest.param(1.16, "MISSED", id="above it")]
)
def test_an_aim_is_reached_up_to_its_limit(ratio, word):
    line = next(verdicts(told(to_floor={"median": ratio})["databases"]))

    assert line.split()[:2] == [word, str(ratio)]


@pytest.mark.parametrize(
    ("changes", "missed"),
    [
        pytest.param({}, [], id="none"),
        pytest.param({"refresh": LASTING["refresh"] | {"statements": 3}}, ["statements of a refresh"], id="asked more"),
        pytest.param({"refresh": LASTING["refresh"] | {"writes": 2}}, ["writes of a refresh"], id="written more"),
        pytest.param(
            {"refresh": LASTING["refresh"] | {"rows_left": 2}},
            ["rows of a sign-in, however often refreshed"],
            id="a row for a refresh",
        ),
        pytest.param(
            {"revoke_all": {"statements": 1002}},
            ["statements to revoke a user's 1,000 tokens"],
            id="a statement for each token",
        ),
    ],
)
def test_what_lasts_has_aims_too(changes, missed):
    lines = verdicts(told(**changes)["databases"])

    assert [line.split("SQLite")[1].strip() for line in lines if line.startswith("MISSED")] == missed


@pytest.mark.parametrize(
    ("statements", "counted"),
    [
        pytest.param(("SELECT 1",), (1, 0), id="a question"),
        pytest.param(("BEGIN", "INSERT INTO t", "COMMIT"), (1, 1), id="a write in its transaction"),
        pytest.param(("SAVEPOINT s", "UPDATE t", "DELETE FROM t", "RELEASE SAVEPOINT s"), (2, 2), id="two writes"),
    ],
)
def test_what_opens_or_closes_a_transaction_is_no_query(statements, counted):
    answer = Answer(200, None, statements)

    assert (answer.queries, answer.writes) == counted


@pytest.mark.django_db
def test_the_rows_that_the_bench_makes_are_revoked_like_tokens(user):
    give(STORE, user.pk, 7)

    assert revoke(subject=user) == 7


def test_a_round_is_compared_with_itself_only():
    spread = ratio([2.0, 20.0, 200.0], [1.0, 10.0, 100.0])

    assert (spread.low, spread.median, spread.high) == (2.0, 2.0, 2.0)


def test_the_chart_has_a_bar_for_each_candidate_the_cheapest_first():
    drawing = ElementTree.fromstring(chart(told()))

    texts = [text.text for text in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == ["SQLite 3.40.1", "none", "1.00", "tessera", "1.50"]


def test_a_cell_of_the_docs_has_what_both_databases_say_where_they_differ():
    columns = {"ratio": lambda row: f"{row['ratio']:.2f}", "queries": lambda row: str(row["queries"])}

    drawn = table("", {"tessera": [{"ratio": 1.5, "queries": 1}, {"ratio": 2.5, "queries": 1}]}, columns)

    assert drawn.splitlines() == ["|  | ratio | queries |", "|---|---|---|", "| tessera | 1.50 / 2.50 | 1 |"]
