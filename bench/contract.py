"""How long ten rules take on three million rows of twenty columns that lie in Parquet files."""

from __future__ import annotations

import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import polars as pl

from bench.example import rows
from bench.processes import output
from bench.report import Options, Report
from bench.timing import Case, measured, repeated
from fullcycle.data.contract.pandera import to_pandera
from fullcycle.data.contract.rule import strict_rule
from fullcycle.data.contract.settings import ColumnFact, Rules
from fullcycle.data.contract.tally import Tally, merge
from fullcycle.data.contract.violations import violations
from fullcycle.predictor.contract import Contract

PART = 250_000  # rows of a file
PARTS = 12
FACTS = {
    **{name: ColumnFact(type="float", low=-8, high=8) for name in ("number_0", "number_1", "scaled_0", "scaled_1")},
    **{name: ColumnFact(type="float", required=True) for name in ("scaled_2", "scaled_3")},
    **{
        f"category_{place}": ColumnFact(type="category", categories=tuple(f"w{code:03d}" for code in range(size)))
        for place, size in ((2, 6), (4, 15), (6, 40))
    },
    "category_7": ColumnFact(type="category", pattern="w[0-9]{3}"),
}
"""Ten rules: four ranges, two columns without gaps, three of categories, one pattern."""

_MEMORY = """\
import sys
sys.path[:0] = {path!r}
from pathlib import Path
from bench import contract
contract.{call}(Path({folder!r}))
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(int(peak.split()[1]) // 1024)
"""


def run(options: Options) -> list[Report]:
    """The contract beside the same rules by hand, on rows that keep them and on rows of which one in a thousand does not."""
    parts, rounds = (2, 2) if options.quick else (PARTS, 9)
    with tempfile.TemporaryDirectory() as folder:
        clean, dirty = Path(folder, "clean"), Path(folder, "dirty")
        for place, broken in ((clean, False), (dirty, True)):
            place.mkdir()
            for number in range(parts):
                part(number, broken=broken).write_parquet(place / f"{number:02d}.parquet")
        return [
            _report("contract: rows that keep it", clean, 0, rounds, parts),
            _report("contract: one row in a thousand does not", dirty, parts * PART // 1000, rounds, parts),
        ]


def part(number: int, *, broken: bool) -> pl.DataFrame:
    """One file's rows; if *broken*, one in a thousand breaks a range and the categories.

    >>> part(0, broken=False).shape
    (250000, 20)
    """
    frame = rows(PART, seed=number).with_columns(pl.col("scaled_2", "scaled_3").fill_null(0.0))
    odd = pl.int_range(pl.len()) % 1000 == 0
    if not broken:
        return frame
    return frame.with_columns(
        pl.when(odd).then(99.0).otherwise("number_0").alias("number_0"),
        pl.when(odd).then(pl.lit("other")).otherwise("category_2").alias("category_2"),
    )


def counted(folder: Path) -> dict[str, int]:
    """How many rows break each rule, by the contract."""
    rules = tuple(strict_rule(name, fact, nullable=not fact.required) for name, fact in FACTS.items())
    return Contract(rules).broken(pl.scan_parquet(folder / "*.parquet"))


def judged(folder: Path) -> Tally:
    """Every row held against the contract file by file, those that break it apart with their reasons."""
    rules = Rules()
    frames = (pl.read_parquet(file, columns=list(FACTS)) for file in sorted(folder.glob("*.parquet")))
    return merge(violations(frame, rules, FACTS, zone="UTC").tally for frame in frames)


def by_hand(folder: Path) -> dict[str, int]:
    """The same counts, written by hand in Polars lazily."""
    broken = _by_hand()
    return pl.scan_parquet(folder / "*.parquet").select(broken).sum().collect(engine="streaming").row(0, named=True)


def rows_by_hand(folder: Path) -> int:
    """Rows that keep the rules and rows that break one, by hand in Polars lazily, file by file; how many break one."""
    found = 0
    for file in sorted(folder.glob("*.parquet")):
        table = pl.scan_parquet(file).select(list(FACTS)).with_columns(broken=pl.any_horizontal(_by_hand()))
        _, apart = pl.collect_all([table.filter(~pl.col("broken")), table.filter("broken")], engine="streaming")
        found += apart.height
    return found


def _by_hand() -> list[pl.Expr]:
    broken = [
        (~pl.col(name).is_between(-8.0, 8.0)).fill_null(False).alias(name)
        for name in ("number_0", "number_1", "scaled_0", "scaled_1")
    ]
    broken += [pl.col(name).is_null() for name in ("scaled_2", "scaled_3")]
    for name in ("category_2", "category_4", "category_6"):
        broken.append((~pl.col(name).is_in(list(FACTS[name].categories or ()))).fill_null(False).alias(name))
    return [*broken, (~pl.col("category_7").str.contains("^w[0-9]{3}$")).fill_null(False)]


def by_pandera(folder: Path) -> bool:
    """Whether pandera accepts the table."""
    from pandera.errors import SchemaErrors

    made: dict[str, object] = {}
    exec(compile(to_pandera(FACTS, Rules()), "made", "exec"), made)
    schema = made["schema"]
    try:
        schema.validate(pl.read_parquet(folder / "*.parquet", columns=list(FACTS)), lazy=True)  # type: ignore[attr-defined]
    except SchemaErrors:
        return False
    return True


def _report(title: str, folder: Path, odd: int, rounds: int, parts: int) -> Report:
    n = parts * PART
    for found in (counted(folder), by_hand(folder)):
        if sum(found.values()) != 2 * odd:
            raise AssertionError(f"the ways disagree: {found}")
    if judged(folder).quarantined != odd or rows_by_hand(folder) != odd:
        raise AssertionError("the ways disagree about rows")
    cases = [
        Case("Contract.broken: counts", repeated(lambda: counted(folder))),
        Case("by hand in Polars: counts", repeated(lambda: by_hand(folder)), "counts by hand"),
        Case("violations: rows, reasons, counts", repeated(lambda: judged(folder))),
        Case("by hand in Polars: rows", repeated(lambda: rows_by_hand(folder)), "rows by hand"),
    ]
    notes = [f"{n:,} rows of 20 columns in {parts} Parquet files, read each time; 10 rules; the same rows are found."]
    if find_spec("pandera") is None:
        notes.append("Without pandera, which is not installed.")
    else:
        cases.append(Case("pandera on Polars", repeated(lambda: by_pandera(folder))))
    notes.append(_memory(folder, ["counted", "judged", "by_hand", "rows_by_hand"]))
    return Report(title, measured(cases, rounds), notes=tuple(notes))


def _memory(folder: Path, calls: list[str]) -> str:
    """The most memory that each takes in a process of its own, libraries included."""
    if not Path("/proc/self/status").exists():
        return "Peak memory is only read under Linux."
    peaks = []
    for call in calls:
        code = _MEMORY.format(path=sys.path, call=call, folder=str(folder))
        peaks.append(f"{call} {output((sys.executable, '-c', code)).strip()} MiB")
    return "Peak memory of a process of its own, libraries included: " + ", ".join(peaks) + "."
