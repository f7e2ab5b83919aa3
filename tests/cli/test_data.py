"""``fullcycle data``: what it tells, discovery, proposals, foreign contracts, and quarantine there and back."""

from __future__ import annotations

import sqlite3
import tomllib
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from cli.conftest import Cli
from fullcycle import open_project
from shop import orders, write_shop

Edit = Callable[[Path, str, str], None]


def spoilt(folder: Path) -> None:
    """Cells and lines of the orders that cannot be what they should."""
    lines = (folder / "orders.csv").read_text().splitlines()
    cells = [line.split(",") for line in lines]
    cells[5][2], cells[9][1], cells[20][2] = "abc", "soon", "-4"
    cells[30].append("too much")
    lines = [",".join(line) for line in cells]
    (folder / "orders.csv").write_text("\n".join(lines) + "\n")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = write_shop(tmp_path / "orders", orders(days=70, per_day=30), timeline="live")
    spoilt(folder)
    return folder


def test_it_tells_parts_reasons_and_what_warns(project: Path, here: Cli) -> None:
    said = here("data", at=project)
    assert said.code == 0, said
    assert "train " in said.out
    assert "quarantine: 4 rows" in said.out
    assert "  1  price: not of type float" in said.out
    assert "warns   provenance  orders" in said.out
    assert "missing owner, licence" in said.out
    document = here("data", "--json", at=project).json
    assert document["turned_away"] == {
        "found 7 cells, expected 6": 1,
        "ordered_at: not of type time": 1,
        "price: not of type float": 1,
        "price: outside its range": 1,
    }
    assert sum(document["turned_away"].values()) == 4
    assert set(document["figures"]) == {"as_of", "train", "validation", "test"}


def test_a_dataset_that_is_not_fit_is_told_before_it_is_refused(project: Path, here: Cli, edit: Edit) -> None:
    edit(project / "cycle.toml", "[development]", "[data.rules]\nquarantine_at_most = 0.0001\n\n[development]")
    refused = here("data", at=project).refused(1, "not fit to learn from", "quarantine")
    assert "failed  quarantine" in refused.out
    assert "quarantine: 4 rows" in refused.out
    assert list(here("data", "--json", at=project).refused(1).json) == ["error"]
    assert here("data", "--quarantine", "rows.csv", at=project).code == 0


def mended(rows: pl.DataFrame) -> pl.DataFrame:
    """What a person makes of the quarantine: the torn line copied out of ``raw``, the cells put right."""
    torn = rows.filter(pl.col("raw").is_not_null())["raw"].item().partition(": ")[2].split(",")
    whole = dict(zip(rows.columns[:6], torn[:6], strict=True))
    kept = rows.filter(pl.col("raw").is_null()).with_columns(
        pl.col("price").replace({"abc": "12.5", "-4.0": "4"}),
        pl.col("ordered_at").replace({"soon": "2024-01-02T10:00:00"}),
    )
    return pl.concat([kept, pl.DataFrame([whole])], how="diagonal")


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_quarantine_goes_out_is_mended_and_comes_back(project: Path, here: Cli, edit: Edit, suffix: str) -> None:
    readers = {
        ".csv": lambda path: pl.read_csv(path, infer_schema=False),
        ".tsv": lambda path: pl.read_csv(path, infer_schema=False, separator="\t"),
        ".jsonl": lambda path: pl.read_ndjson(path, infer_schema_length=None),
        ".parquet": pl.read_parquet,
    }
    before = here("data", "--json", at=project).json
    file = project / f"back{suffix}"
    written = here("data", "--quarantine", file.name, "--json", at=project).json
    assert (written["rows"], written["turned_away"]) == (4, before["turned_away"])
    assert "'raw' says where" in written["notes"][0]
    found = readers[suffix](file)
    assert found.columns[-2:] == ["reasons", "raw"]
    assert set(found["reasons"].to_list()) == set(before["turned_away"])
    done = mended(found)
    {".csv": done.write_csv, ".jsonl": done.write_ndjson, ".parquet": done.write_parquet}.get(
        suffix, lambda path: done.write_csv(path, separator="\t")
    )(file)
    assert tomllib.loads(written["toml"])["data"]["sources"][0]["extends"] == "orders"
    edit(project / "cycle.toml", 'sources = [{ name = "orders", from = "orders.csv" }]\n', "")
    edit(
        project / "cycle.toml",
        "[development]",
        f'[[data.sources]]\nname = "orders"\nfrom = "orders.csv"\n\n{written["toml"]}\n[development]',
    )
    after = here("data", "--json", at=project).json
    assert set(after["turned_away"]) < set(before["turned_away"])  # those whose entity and time could not be read stay
    assert sum(after["turned_away"].values()) == 2
    compared = here("diff", before["id"], "dataset", "--json", at=project).json["difference"]
    assert (compared["rows"]["added"], compared["rows"]["removed"], compared["rows"]["changed"]) == (4, 0, 0)
    assert not [change for change in compared["fields"] if change["path"].startswith("left_out")]
    one = open_project(project)
    rows = one.current.dataset.rows(one.folder.blobs)  # type: ignore[union-attr]
    assert rows.filter(pl.col("order") == "o000004")["price"].to_list() == [12.5]
    assert rows.filter(pl.col("order") == "o000019")["price"].to_list() == [4.0]
    assert len(rows.filter(pl.col("order").is_in(["o000008", "o000029"]))) == 2
    assert one.quarantine(one.current.dataset).height == 2  # type: ignore[arg-type]


def test_what_joins_and_the_key_of_privacy_make_is_not_mended(project: Path, here: Cli, edit: Edit) -> None:
    (project / "fees.csv").write_text("channel,fee\nshop,0\napp,1\nweb,2\n")
    with (project / "columns.toml").open("a") as columns:
        columns.write('fee = { type = "float" }\n')
    edit(project / "columns.toml", 'order = { type = "category",', 'order = { type = "category", personal = "hash",')
    sources = 'sources = [{ name = "orders", from = "orders.csv" }'
    edit(project / "cycle.toml", f"{sources}]", f'{sources}, {{ name = "fees", from = "fees.csv" }}]')
    edit(
        project / "cycle.toml",
        "[development]",
        '[[data.joins]]\nsource = "fees"\non = ["channel"]\n\n[development]',
    )
    assert here("data", at=project).code == 0
    said = here("data", "--quarantine", "rows.csv", at=project)
    assert "put the original values back into order" in said.out
    rows = pl.read_csv(project / "rows.csv", infer_schema=False)
    assert {"fee", "price"} & set(rows.columns) == {"price"}
    assert not rows["order"].drop_nulls().str.starts_with("o0").any()
    mended = rows.filter(pl.col("price") == "abc").with_columns(order=pl.lit("o000004"), price=pl.lit("12.5"))
    mended.write_csv(project / "rows.csv")
    edit(
        project / "cycle.toml", '"fees.csv" }]', '"fees.csv" }, { name = "m", from = "rows.csv", extends = "orders" }]'
    )
    before = here("show", "dataset", "--json", at=project).json["id"]
    here("data", at=project)
    assert here("diff", before, "dataset", "--json", at=project).json["difference"]["rows"]["added"] == 1


def test_times_in_quarantine_are_read_again(project: Path, here: Cli) -> None:
    here("data", at=project)
    here("data", "--quarantine", "rows.csv", at=project)
    times = pl.read_csv(project / "rows.csv").filter(pl.col("reasons") == "price: outside its range")["ordered_at"]
    assert times.str.contains(r"^2024-01-\d\dT\d\d:\d\d:\d\dZ$").all()


def test_what_quarantine_refuses(project: Path, here: Cli) -> None:
    here("data", "--quarantine", "rows.csv", at=project).refused(2, "no dataset has been made", "fullcycle data")
    here("data", at=project)
    here("data", "--quarantine", "rows.docx", at=project).refused(2, "'.docx'", ".csv")
    here("data", "--quarantine", "orders.csv", at=project).refused(2, "there already", "mended")
    write_shop(project, orders(days=70, per_day=30), timeline="live")
    here("data", at=project)
    assert "nothing is in quarantine" in here("data", "--quarantine", "rows.csv", at=project).out
    assert not (project / "rows.csv").exists()


def test_proposals_look_at_rows_before_the_test_period_alone(project: Path, here: Cli) -> None:
    rows = pl.read_csv(project / "orders.csv", infer_schema=False, truncate_ragged_lines=True)
    late, place = pl.int_range(pl.len()) > 1600, pl.int_range(pl.len())
    spelt = pl.when(late).then(pl.lit("unknown")).when(place < 60).then(pl.lit("n/a")).otherwise("price")
    rows.with_columns(price=spelt).write_csv(project / "orders.csv")
    before = {path: path.read_bytes() for path in project.glob("*.toml")}
    found = here("data", "--propose", "--json", at=project).json
    markers = [one for one in found["proposals"] if (one["step"], one["column"]) == ("missing", "price")]
    assert [one["line"] for one in markers] == ['missing.price = ["n/a"]']
    assert "unknown" not in str(found)
    assert tomllib.loads(found["toml"])["data"]["clean"]["missing"] == {"price": ["n/a"]}
    said = here("data", "--propose", at=project).out
    assert "# cycle.toml\n[data.clean]" in said
    assert {path: path.read_bytes() for path in before} == before
    assert not (project / ".fullcycle" / "journal.sqlite").exists()


def test_where_no_time_can_be_read_times_come_first(project: Path, here: Cli) -> None:
    rows = pl.read_csv(project / "orders.csv", infer_schema=False, truncate_ragged_lines=True)
    written = pl.col("ordered_at").str.to_datetime(strict=False).dt.strftime("%d/%m/%Y %H:%M:%S")
    rows.with_columns(ordered_at=written, price=pl.lit("n/a")).write_csv(project / "orders.csv")
    found = here("data", "--propose", "--json", at=project).json
    assert {one["column"] for one in found["proposals"]} == {"ordered_at"}
    assert not found["whole"]
    assert "most times cannot be read" in here("data", "--propose", at=project).out
    assert "%d/%m/%Y %H:%M:%S" in found["toml"]


def test_discovery_needs_no_project(tmp_path: Path, here: Cli) -> None:
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        shop.executescript(
            "CREATE TABLE people (id INTEGER PRIMARY KEY, born DATE);"
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, person INTEGER REFERENCES people(id), at TIMESTAMP);"
            "INSERT INTO people VALUES (1, '1990-01-01'); INSERT INTO orders VALUES (7, 1, '2024-01-01 10:00:00');"
        )
    said = here("data", "--discover", "sqlite:///shop.db", at=tmp_path)
    assert said.code == 0, said
    assert "join  orders (person) → people (id): declared" in said.out
    proposed = tomllib.loads(said.out.partition("proposed for cycle.toml:")[2])
    assert [source["table"] for source in proposed["data"]["sources"]] == ["orders", "people"]
    document = here("data", "--discover", "sqlite:///shop.db", "--json", at=tmp_path).json
    assert [table["rows"] for table in document["discovery"]["tables"]] == [1, 1]
    here("data", "--discover", "nowhere", at=tmp_path).refused(2, "nowhere")


def test_a_contract_is_read(project: Path, here: Cli) -> None:
    assert here("export", "odcs", at=project).code == 0
    said = here("data", "--columns", "export/contract.yaml", at=project)
    assert tomllib.loads(said.out) == tomllib.loads((project / "columns.toml").read_text())
    schema = '{"type": "object", "properties": {"km": {"type": "number", "minimum": 0}, "x": {"type": "array"}}}'
    (project / "row.json").write_text(schema)
    told = here("data", "--columns", "row.json", "--json", at=project).json
    assert told["columns"] == ['km = { type = "float", low = 0 }']
    assert len(told["notes"]) == 1


def test_rules_of_a_contract_stand_in_their_section(project: Path, here: Cli, edit: Edit) -> None:
    rules = '[data.rules]\nunique = [["order"]]\nfreshness = "2d"\ncheck.paid = "refund <= price"\n'
    edit(project / "cycle.toml", "[development]", f"{rules}\n[development]")
    here("export", "odcs", at=project)
    found = tomllib.loads(here("data", "--columns", "export/contract.yaml", at=project).out)
    assert found["data"]["rules"] == tomllib.loads(rules)["data"]["rules"]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.yaml", None, ["a.yaml", "cannot be read"]),
        ("a.yaml", "kind: Other", ["a.yaml", "not a contract of ODCS"]),
        ("a.json", "{", ["a.json", "not JSON"]),
        ("a.json", "[]", ["a.json", "not a JSON Schema"]),
        ("a.txt", "x", ["a.txt", ".yaml"]),
    ],
    ids=["missing", "other", "torn", "list", "suffix"],
)
def test_what_is_no_contract(tmp_path: Path, here: Cli, name: str, text: str | None, told: list[str]) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    here("data", "--columns", name, at=tmp_path).refused(2, *told)


def test_one_thing_at_a_time(tmp_path: Path, here: Cli) -> None:
    here("data", "--propose", "--quarantine", "x.csv", at=tmp_path).refused(2, "Give one of")
