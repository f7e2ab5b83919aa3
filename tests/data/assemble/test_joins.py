"""Joins by key and by time, through the whole assembly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.data.assemble import Assembled, assemble
from fullcycle.data.assemble.settings import Join
from fullcycle.data.settings import ColumnFact, Data, Source
from fullcycle.data.sources.reading import Reading, of_frame, whole
from fullcycle.kernel.errors import ColumnMissing, InputError, UnknownKey

QUICK = settings(max_examples=60, deadline=None)

FLIGHTS = pl.DataFrame(
    {"id": ["1", "2", "3", "4"], "tail": ["N1", "N2", None, "N9"], "at": [f"2013-01-0{n}" for n in range(1, 5)]}
)
PLANES = pl.DataFrame({"tail": ["N2", "N1", None], "seats": [200, 100, 5]})


def assembled(
    join: Join, other: pl.DataFrame, rows: pl.DataFrame = FLIGHTS, *, batch: int = 3, **source: str
) -> Assembled:
    """Rows that come in small batches, joined to another source."""
    sources = (Source(name="flights", location="f"), Source(name=join.source, location="o", **source))
    batches = of_frame(rows, "f")._replace(batches=lambda: rows.iter_slices(batch))
    readings = {"flights": batches, join.source: of_frame(other, "o")}
    facts = {"tail": ColumnFact(type="category", personal="no")}
    return assemble(Data(sources=sources, joins=(join,)), readings, facts, zone="UTC", time="at")


def test_unmatched_rows_get_nothing_and_are_counted():
    found = assembled(Join(source="planes", on=("tail",), prefix="plane_"), PLANES)
    rows = whole(found)
    assert found.columns == tuple(rows.columns) == ("id", "tail", "at", "plane_seats")
    assert rows["plane_seats"].to_list() == [100, 200, None, None]
    (finding,) = found.findings()
    assert (finding.check, finding.subject, finding.value, finding.passed) == ("unmatched", "join planes", 0.5, True)
    assert finding.evidence == {"rows": 4, "unmatched": 2, "without_key": 1}


def test_going_through_twice_gives_the_same():
    found = assembled(Join(source="planes", on=("tail",), expect="1:1"), PLANES)
    assert whole(found).equals(whole(found))
    assert found.findings()[0].evidence["rows"] == 4


def test_a_join_that_meets_nothing_is_told():
    found = assembled(Join(source="planes", on={"id": "tail"}), PLANES)
    whole(found)
    assert found.findings()[0].passed is False


def test_keys_of_other_names_and_types():
    found = assembled(
        Join(source="sizes", on={"id": "number"}, columns=("size",)),
        pl.DataFrame({"number": [3, 1], "size": [9, 7], "x": [0, 0]}),
    )
    assert whole(found)["size"].to_list() == [7, None, 9, None]


def test_a_join_that_multiplies_rows_names_rows_and_not_people():
    twice = pl.DataFrame({"tail": ["N1", "N2", "N1", "N1"], "seats": [1, 2, 3, 4]})
    with pytest.raises(InputError) as caught:
        whole(assembled(Join(source="planes", on=("tail",)), twice))
    told = str(caught.value)
    assert "planes, rows 1, 3, 4: the join would multiply rows" in told
    assert "2 rows too many by tail, such as N1" in told
    with pytest.raises(InputError) as caught:
        whole(assembled(Join(source="planes", on={"id": "tail"}), twice))  # id is undecided
    assert "N1" not in str(caught.value)


def test_one_to_one_is_checked_on_our_side_across_batches():
    rows = FLIGHTS.with_columns(tail=pl.Series(["N1", "N2", "N5", "N1"]))
    assert whole(assembled(Join(source="planes", on=("tail",)), PLANES, rows))["seats"].to_list() == [
        100,
        200,
        None,
        100,
    ]
    with pytest.raises(InputError, match="two rows meet the same one") as caught:
        whole(assembled(Join(source="planes", on=("tail",), expect="1:1"), PLANES, rows))
    assert "rows 4" in str(caught.value)
    with pytest.raises(InputError, match="rows 4"):
        whole(assembled(Join(source="planes", on=("tail",), expect="1:1"), PLANES, rows, batch=9))


def test_a_join_without_a_key_is_refused():
    with pytest.raises(InputError, match="the join has no key"):
        assembled(Join(source="planes", on=(), prefix="plane_"), PLANES)


def test_two_sources_of_one_name_are_refused():
    with pytest.raises(InputError, match="two sources have one name: found 'flights'"):
        assembled(Join(source="flights", on=("tail",), prefix="other_"), PLANES)


def test_a_source_that_nothing_uses_is_named():
    sources = tuple(Source(name=name, location=name) for name in ("flights", "planes", "spare", "mended"))
    sources = (*sources[:3], Source(name="mended", location="m", extends="flights"))
    readings = {source.name: of_frame(FLIGHTS, source.name) for source in sources}
    facts = {"tail": ColumnFact(type="category", personal="no")}
    settings_ = Data(sources=sources, joins=(Join(source="planes", on=("id",), prefix="plane_"),))
    made = assemble(settings_, readings, facts, zone="UTC", time="at")
    assert sum(map(len, made.batches())) == 8
    unused = [one for one in made.findings() if one.check == "source_unused"]
    assert [(one.subject, one.passed, one.severity) for one in unused] == [("spare", False, "warn")]


def test_the_settings_are_checked_before_a_row_is_read():
    with pytest.raises(InputError, match="there already"):
        assembled(Join(source="planes", on=("tail",)), PLANES.rename({"seats": "at"}))
    with pytest.raises(ColumnMissing, match="seat"):
        assembled(Join(source="planes", on=("tail",), columns=("seat",)), PLANES)
    with pytest.raises(ColumnMissing, match="tale"):
        assembled(Join(source="planes", on={"tale": "tail"}), PLANES)
    with pytest.raises(InputError, match="'within' is for joins by time"):
        assembled(Join(source="planes", on=("tail",), within="3h"), PLANES)
    with pytest.raises(UnknownKey, match="unknown source") as caught:
        assemble(
            Data(sources=(Source(name="flights", location="f"),), joins=(Join(source="flight", on=("id",)),)),
            {"flights": of_frame(FLIGHTS, "f")},
            {},
            zone="UTC",
        )
    assert "flights" in str(caught.value)


WEATHER = pl.DataFrame(
    {
        "at": ["2013-01-01T00:00", "2013-01-02T00:00", "2013-01-02T12:00"],
        "told": ["2013-01-01T06:00", "2013-01-04T00:00", "2013-01-03T00:00"],
        "place": ["a", "a", "a"],
        "wind": [1, 2, 3],
    }
)
PLACES = FLIGHTS.with_columns(place=pl.Series(["a", "a", "a", "b"]))


def wind(
    rows: pl.DataFrame = PLACES, weather: pl.DataFrame = WEATHER, within: str | None = None, available: str = "told"
) -> list[int | None]:
    join = Join(source="weather", on=("place",), as_of=True, columns=("wind",), within=within)
    return whole(assembled(join, weather, rows, time="at", available=available))["wind"].to_list()


def test_the_latest_that_had_happened_and_was_available():
    assert wind() == [None, 1, 3, None]  # the second came to be known after a later one
    assert wind(available="") == [1, 2, 3, None]
    assert wind(available="12h") == [None, 1, 3, None]
    assert wind(within="12h") == [None, None, 3, None]


def test_the_order_of_the_source_does_not_matter_nor_do_ties():
    tied = pl.concat([WEATHER, WEATHER.with_columns(wind=pl.lit(9, pl.Int64))])
    assert wind(weather=tied) == wind(weather=tied.reverse()) == [None, 9, 9, None]


def test_an_event_without_its_times_stands_in_broken():
    weather = WEATHER.with_columns(told=pl.Series(["2013-01-01T06:00", None, "soon"]))
    join = Join(source="weather", on=("place",), as_of=True, columns=("wind",))
    found = assembled(join, weather, PLACES, time="at", available="told")
    assert whole(found)["wind"].to_list() == [None, 1, 1, None]
    assert found.broken().select("source", "row", "reason").rows() == [
        ("weather", 2, "told: missing"),
        ("weather", 3, "told: not of type time"),
    ]


def test_events_need_a_time():
    with pytest.raises(InputError, match="does not say when its events happened"):
        assembled(Join(source="weather", on=("place",), as_of=True, columns=("wind",)), WEATHER.drop("at"), PLACES)
    with pytest.raises(ColumnMissing, match="tolds"):
        wind(available="tolds")


def test_a_mended_quarantine_is_added_to_the_rows():
    mended = pl.DataFrame(
        {
            "source": ["flights"],
            "row": [7],
            "reasons": ["at: missing"],
            "when": [None],
            "at": ["2013-02-01"],
            "id": ["9"],
        }
    )
    sources = (Source(name="flights", location="f"), Source(name="mended", location="m", extends="flights"))
    readings: dict[str, Reading] = {"flights": of_frame(FLIGHTS, "f"), "mended": of_frame(mended, "m")}
    found = assemble(Data(sources=sources), readings, {}, zone="UTC")
    assert found.columns == ("id", "tail", "at")
    assert whole(found).row(-1) == ("9", None, "2013-02-01")
    changed = assemble(Data(sources=sources), readings | {"mended": of_frame(mended, "n")}, {}, zone="UTC")
    assert changed.fingerprint != found.fingerprint


def test_a_source_that_extends_itself_is_refused():
    sources = (Source(name="a", location="f", extends="b"), Source(name="b", location="m", extends="a"))
    with pytest.raises(InputError, match="extends itself"):
        assemble(Data(sources=sources), {"a": of_frame(FLIGHTS, "f"), "b": of_frame(FLIGHTS, "g")}, {}, zone="UTC")


START = datetime(2013, 1, 1, tzinfo=UTC)
REPORT = st.tuples(st.sampled_from("ab"), st.integers(0, 20), st.integers(0, 24), st.integers(0, 9))
ASKED = [(place, hour) for hour in (0, 5, 12, 20) for place in "abc"]
Report = tuple[str, int, int, int]


def reported(reports: list[Report], within: str | None) -> list[int | None]:
    """The wind at each place and hour of ASKED, as it was known then."""
    hours = [START + timedelta(hours=hour) for hour in range(100)]
    weather = pl.DataFrame(
        [(place, hours[at], hours[told], wind) for place, at, told, wind in reports],
        schema={"place": pl.String, "at": pl.Datetime("us", "UTC"), "told": pl.Datetime("us", "UTC"), "wind": pl.Int64},
        orient="row",
    )
    rows = pl.DataFrame({"place": [place for place, _ in ASKED], "at": [hours[hour] for _, hour in ASKED]})
    return wind(rows, weather, within)


@QUICK
@given(st.lists(REPORT, max_size=25), st.sampled_from([None, 3]))
def test_a_join_by_time_is_that_of_the_reference(reports, within):
    expected = []
    for place, hour in ASKED:
        usable = [
            (at, max(at, told), wind) for name, at, told, wind in reports if name == place and max(at, told) <= hour
        ]
        usable = [event for event in usable if within is None or hour - event[0] <= within]
        best = max((at for at, _, _ in usable), default=None)
        expected.append({wind for at, _, wind in usable if at == best} or {None})
    found = reported(reports, None if within is None else f"{within}h")
    assert all(value in values for value, values in zip(found, expected, strict=True))
    assert found == reported(reports[::-1], None if within is None else f"{within}h")


@QUICK
@given(st.lists(REPORT, min_size=1, max_size=25), st.data())
def test_nothing_past_t_changes_what_is_joined_at_t(reports, data):
    hour = data.draw(st.sampled_from([0, 5, 12, 20]))

    def elsewhere(report: Report) -> Report:
        place, at, told, _ = report
        if max(at, told) <= hour:
            return report
        later = data.draw(st.integers(hour + 1, 90))
        wind = data.draw(st.integers(0, 9))
        return (place, at, later, wind) if data.draw(st.booleans()) else (place, later, told, wind)

    at_t = [number for number, asked in enumerate(ASKED) if asked[1] <= hour]
    before, after = reported(reports, None), reported([elsewhere(report) for report in reports], None)
    assert [before[number] for number in at_t] == [after[number] for number in at_t]
