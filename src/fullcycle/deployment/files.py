"""Files of rows: Parquet, CSV, TSV, JSON lines. What a cell cannot be is told for its row, not for the file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import polars as pl

from fullcycle.deployment.answer import entity_texts
from fullcycle.kernel.errors import InputError, UnknownKey
from fullcycle.predictor.contract import Contract, Failure

Broken: TypeAlias = dict[int, list[Failure]]  # position of a row to what is wrong with it
Read: TypeAlias = tuple[pl.DataFrame, Broken]
ISO = "%Y-%m-%dT%H:%M:%S%.6fZ"  # read again by every reader here; times are in UTC
_TRUTHS = {"true": True, "false": False, "1": True, "0": False}
_TYPES: dict[str, pl.DataType] = {
    "float": pl.Float64(),
    "integer": pl.Int64(),
    "boolean": pl.Boolean(),
    "category": pl.String(),
    "text": pl.String(),
    "time": pl.Datetime("us", "UTC"),
}


def read_rows(source: Path, body: bytes, contract: Contract) -> Read:
    """The rows of a file as a table, and those of them with a cell that cannot be what the contract says.

    Parameters
    ----------
    source : names the file; its suffix says what it is.
    body : its bytes.
    contract : in whose kinds texts and JSON values are read.

    Raises
    ------
    InputError : the suffix is unknown, or the file is no table of its kind.

    Examples
    --------
    >>> from fullcycle.predictor.contract import ColumnRule
    >>> contract = Contract((ColumnRule(name="x", kind="float"),))
    >>> frame, broken = read_rows(Path("a.csv"), b"x,y\\n1,a\\none,b\\n", contract)
    >>> frame["x"].to_list(), broken[1][0].found
    ([1.0, None], "'one'")
    """
    suffix = source.suffix.lower()
    if suffix not in READERS:
        raise UnknownKey(source.suffix, READERS, place=str(source), what="kind of file")
    try:
        return READERS[suffix](body, contract, str(source))
    except pl.exceptions.PolarsError as error:
        expected = f"a {suffix} file"
        raise InputError(
            "the file cannot be read", place=str(source), found=str(error)[:200], expected=expected
        ) from None


def _read_parquet(body: bytes, contract: Contract, place: str) -> Read:
    return pl.read_parquet(body), {}


def _read_csv(body: bytes, contract: Contract, place: str, separator: str = ",") -> Read:
    if not body.strip():
        raise empty(place)
    texts = pl.read_csv(body, separator=separator, infer_schema=False)
    check_delimiter(texts.columns, place, separator)
    return from_texts(texts, contract)


def empty(place: str) -> InputError:
    """What is said of a file without a byte.

    >>> empty("a.csv").problem
    'the file is empty'
    """
    return InputError("the file is empty", place=place, expected="a line with the names of the columns")


def from_texts(texts: pl.DataFrame, contract: Contract) -> Read:
    """A table of texts as what the contract says, and the rows with a cell that cannot be that.

    >>> from fullcycle.predictor.contract import ColumnRule
    >>> from_texts(pl.DataFrame({"x": ["1", "one"]}), Contract((ColumnRule(name="x", kind="float"),)))[0]["x"].to_list()
    [1.0, None]
    """
    broken: Broken = {}
    columns = []
    for rule in contract.columns:
        if rule.name in texts.columns:
            column = _from_text(texts[rule.name], rule.kind)
            columns.append(column)
            for position in (column.is_null() & texts[rule.name].is_not_null()).arg_true().to_list():
                broken.setdefault(position, []).append(rule.failure(repr(texts[rule.name][position])[:80]))
    return texts.with_columns(columns), broken


def check_delimiter(names: list[str], place: str, separator: str) -> None:
    """Refuse a header that another sign parts.

    >>> check_delimiter(["a", "b"], "a.csv", ",")
    """
    others = [sign for sign in (";", "\t", "|", ",") if len(names) == 1 and sign != separator and sign in names[0]]
    if others:
        raise InputError(
            "the delimiter is another one",
            place=f"{place}:1",
            found=others[0],
            expected=repr(separator),
            mend="save the file with that delimiter, or with the suffix that fits it (.tsv for tabs)",
        )


def _read_tsv(body: bytes, contract: Contract, place: str) -> Read:
    return _read_csv(body, contract, place, "\t")


def _read_lines(body: bytes, contract: Contract, place: str) -> Read:
    return from_lines(body.splitlines(), contract)


def from_lines(lines: Iterable[bytes], contract: Contract, first: int = 1) -> Read:
    """Lines of JSON as a table, and the rows that are none or break the contract; *first* is the number of the first line.

    >>> from fullcycle.predictor.contract import ColumnRule
    >>> from_lines([b'{"x": 1}', b"{torn"], Contract((ColumnRule(name="x", kind="float"),)))[1][1][0].column
    'line 2'
    """
    check, kinds = contract.compile(), contract.kinds
    rows: list[dict[str, Any]] = []
    broken: Broken = {}
    for number, line in enumerate(lines, first):
        if line.strip():
            row = _line(line, f"line {number}")
            values, failures = check({} if isinstance(row, Failure) else row)
            if isinstance(row, Failure):
                failures, row = [row], {}
            if failures:
                broken[len(rows)] = failures
            rows.append({**row, **values})
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pl.DataFrame([_from_json(name, [row.get(name) for row in rows], kinds.get(name)) for name in names]), broken


def _line(line: bytes, place: str) -> dict[str, Any] | Failure:
    try:
        return msgspec.json.decode(line, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return Failure(place, str(error)[:80], "a JSON object")


def _from_text(texts: pl.Series, kind: str) -> pl.Series:
    """Texts as what their kind wants; null where they cannot be that. Times are left to the contract."""
    if kind == "boolean":
        return texts.str.to_lowercase().replace_strict(_TRUTHS, default=None, return_dtype=pl.Boolean)
    if kind in ("float", "integer"):
        return texts.str.strip_chars().cast(_TYPES[kind], strict=False)
    return texts


def _from_json(name: str, values: list[Any], kind: str | None) -> pl.Series:
    """Values that the contract parsed, as a column of their kind; other columns hold entities and ids, as texts."""
    if kind is None:
        whole = all(value is None or isinstance(value, str) for value in values)
        return pl.Series(name, values if whole else [_as_text(value) for value in values], dtype=pl.String)
    if kind in ("category", "text"):
        return pl.Series(name, [value if isinstance(value, str) else None for value in values], dtype=pl.String)
    numbers = [value if isinstance(value, float) else None for value in values]
    column = pl.Series(name, numbers, dtype=pl.Float64).fill_nan(None)
    if kind == "float":
        return column
    return column.cast(pl.Int64, strict=False).cast(_TYPES[kind])


def _as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float):
        text: str | None = entity_texts(pl.Series([value], strict=False))[0]
        return text
    return None


def flat(table: pl.LazyFrame) -> pl.LazyFrame:
    """A CSV file holds no lists: scores of classes, and sets of outcomes, become texts.

    >>> flat(pl.LazyFrame({"score": [[0.25, 0.75]]})).collect()["score"].to_list()
    ['0.25 0.75']
    """
    lists = [name for name, type_ in table.collect_schema().items() if isinstance(type_, pl.List)]
    return table.with_columns(pl.col(name).cast(pl.List(pl.String)).list.join(" ") for name in lists)


READERS: dict[str, Callable[[bytes, Contract, str], Read]] = {
    ".parquet": _read_parquet,
    ".csv": _read_csv,
    ".tsv": _read_tsv,
    ".jsonl": _read_lines,
    ".ndjson": _read_lines,
}
