"""Settings: one table per section, a struct, from which checks, messages, JSON Schema and docs derive.

A field's type is its check, its default its default, and the ``description`` of its ``Meta`` its help. TOML is read
with the line of every key kept, so that each complaint names its place.
"""

from __future__ import annotations

import io
import re
import tomllib
import typing
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from fullcycle.kernel.errors import InputError, OutsideError, UnknownKey, nearest

Path_ = tuple[str | int, ...]
S = TypeVar("S", bound=msgspec.Struct)


class Document:
    """A TOML file: its values and the line of each key.

    Raises
    ------
    InputError
        The file is missing, is not UTF-8, or is not TOML; names line and column.
    """

    def __init__(self, path: Path, text: str | None = None) -> None:
        self.path = path
        source = _text(path) if text is None else text
        self.values = _parse(source, path)
        self._lines = dict(_lines(source))

    def place(self, *keys: str | int) -> str:
        """``file:line`` of a key, or of the first key within it, or of the nearest table around it."""
        for end in range(len(keys), 0, -1):
            if (line := self._lines.get(keys[:end])) is not None:
                return f"{self.path.name}:{line}"
            if within := [at for path, at in self._lines.items() if path[:end] == keys[:end]]:
                return f"{self.path.name}:{min(within)}"
        return self.path.name

    def section(self, type_: type[S], *keys: str | int) -> S:
        """The table at *keys*, checked against the struct *type_*.

        Raises
        ------
        UnknownKey
            A key that the table does not have; names the nearest.
        InputError
            A value of the wrong type or out of range, or one that is missing.
        """
        value: Any = self.values
        for key in keys:
            value = value.get(key, {}) if isinstance(value, dict) else value
        return check(type_, value, self, keys)


def check(type_: type[S], value: Any, document: Document, keys: Path_ = ()) -> S:
    """*value* as a *type_*, or an error that names the line. See :meth:`Document.section`."""
    for path, valid in _unknown(msgspec.inspect.type_info(type_), value, keys):
        section = ".".join(map(str, path[:-1]))
        what = f"key in [{section}]" if section else "key"
        raise UnknownKey(str(path[-1]), valid, place=document.place(*path), what=what)
    try:
        return msgspec.convert(value, type_, strict=True)
    except msgspec.ValidationError as error:
        raise _explained(error, type_, value, document, keys) from None


class Setting(msgspec.Struct, frozen=True):
    """One line of the table of settings: name with its section, type, default, help."""

    name: str
    type: str
    default: str
    help: str


def table(type_: type[msgspec.Struct], prefix: str = "") -> Iterator[Setting]:
    """Every setting of a section, nested ones too."""
    hints = typing.get_type_hints(type_, include_extras=True)
    for field in msgspec.structs.fields(type_):
        name = f"{prefix}.{field.encode_name}" if prefix else field.encode_name
        bare, meta = _bare(hints[field.name])
        yield Setting(name, _spelled(bare), _default(field), (meta.description or "") if meta else "")
        for inner in _structs(bare):
            yield from table(inner, name)


def json_schema(sections: Mapping[str, type[msgspec.Struct]]) -> dict[str, Any]:
    """The JSON Schema of a whole file, a property a section."""
    schemas, components = msgspec.json.schema_components(list(sections.values()), ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": dict(zip(sections, schemas, strict=True)),
        "additionalProperties": False,
        "$defs": components,
    }


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(
            f"{path.name} is missing",
            place=str(path.parent),
            mend="run 'fullcycle init' to make a project, or name its folder with --project",
        ) from None
    except UnicodeDecodeError as error:
        raise InputError(
            "not UTF-8 text",
            place=path.name,
            found=f"byte {error.object[error.start]:#x} at {error.start}",
            mend="save the file as UTF-8",
        ) from None
    except OSError as error:
        raise OutsideError(f"{path.name} cannot be read", place=str(path.parent), found=error.strerror) from error


def _parse(source: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        match = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        place = f"{path.name}:{match[1]}:{match[2]}" if match else f"{path.name}:{source.count(chr(10)) + 1}"
        problem = re.sub(r" \(at .*", "", str(error))
        raise InputError(
            f"not valid TOML: {problem[0].lower()}{problem[1:]}",
            place=place,
            mend="mend the line; text needs quotation marks, tables stand in [brackets]",
        ) from None


def _lines(source: str) -> Iterator[tuple[Path_, int]]:
    """Where each key stands: statement by statement, each read by the TOML parser itself, a statement may span lines."""
    prefix: Path_ = ()
    counts: dict[Path_, int] = {}
    pending, first = "", 0
    for number, line in enumerate(io.StringIO(source), 1):
        pending, first = pending + line, first or number
        try:
            parsed = tomllib.loads(pending)
        except tomllib.TOMLDecodeError:
            continue  # the statement goes on in the next line
        if parsed:
            keys = _first_path(parsed)
            if pending.lstrip().startswith("["):
                prefix = _resolve(keys, counts, pending.lstrip().startswith("[["))
                yield prefix, first
            else:
                for path in _paths(parsed):
                    yield (*prefix, *path), first
        pending, first = "", 0


def _first_path(parsed: Any) -> tuple[str, ...]:
    keys: tuple[str, ...] = ()
    while isinstance(parsed, dict) and parsed:
        key, parsed = next(iter(parsed.items()))
        keys = (*keys, key)
        parsed = parsed[0] if isinstance(parsed, list) and parsed else parsed
    return keys


def _resolve(keys: tuple[str, ...], counts: dict[Path_, int], array: bool) -> Path_:
    path: Path_ = ()
    for place, key in enumerate(keys):
        path = (*path, key)
        if array and place == len(keys) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def _paths(value: Any, prefix: Path_ = ()) -> Iterator[Path_]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*prefix, key)
        yield from _paths(inner, (*prefix, key))


def _unknown(info: Any, value: Any, keys: Path_) -> Iterator[tuple[Path_, list[str]]]:
    """Keys in *value* that its type does not have, with those that it has."""
    match info:
        case msgspec.inspect.StructType() if isinstance(value, dict):
            known = {field.encode_name: field for field in info.fields}
            for key, inner in value.items():
                if key not in known:
                    yield (*keys, key), list(known)
                else:
                    yield from _unknown(known[key].type, inner, (*keys, key))
        case msgspec.inspect.Metadata():
            yield from _unknown(info.type, value, keys)
        case msgspec.inspect.UnionType() if isinstance(value, dict):
            for option in info.types:
                if isinstance(option, msgspec.inspect.StructType | msgspec.inspect.DictType):
                    yield from _unknown(option, value, keys)
        case msgspec.inspect.DictType() if isinstance(value, dict):
            for key, inner in value.items():
                yield from _unknown(info.value_type, inner, (*keys, key))
        case msgspec.inspect.ListType() | msgspec.inspect.VarTupleType() if isinstance(value, list):
            for place, inner in enumerate(value):
                yield from _unknown(info.item_type, inner, (*keys, place))


def _explained(
    error: msgspec.ValidationError, type_: type[msgspec.Struct], value: Any, document: Document, keys: Path_
) -> InputError:
    problem, _, where = str(error).partition(" - at `")
    path: list[str | int] = list(keys)
    for name, index in re.findall(r"\.([^.\[\]`]+)|\[(\d+|\.\.\.)\]", where):
        inner_keys = path[len(keys) :]
        path.append(_guilty(error, type_, value, inner_keys) if index == "..." else int(index) if index else name)
    if match := re.search(r"missing required field `(\w+)`", problem):
        path.append(match[1])
        helps = {setting.name: setting.help for setting in table(type_)}
        inner = ".".join(str(part) for part in path[len(keys) :] if isinstance(part, str))
        section = f"[{'.'.join(map(str, path[:-1]))}]" if path[:-1] else document.path.name
        return InputError(
            f"{section} needs {match[1]!r}",
            place=document.place(*path),
            expected=helps.get(inner, ""),
            mend=f"add a line '{match[1]} = …'" + (f" under {section}" if path[:-1] else ""),
        )
    found = _at(value, path[len(keys) :])
    if choices := _choices(msgspec.inspect.type_info(type_), path[len(keys) :]):
        return _no_choice(found, choices, problem, path, document)
    problem = problem.replace("`", "").replace("Expected ", "expected ")
    return InputError(
        f"{'.'.join(map(str, path))}: {problem}",
        place=document.place(*path),
        found=found,
        mend="see 'fullcycle schema' for what it may be",
    )


def _no_choice(
    found: Any, choices: Sequence[str], problem: str, path: Sequence[str | int], document: Document
) -> InputError:
    near = nearest(found, choices) if isinstance(found, str) else None
    return InputError(
        f"{'.'.join(map(str, path))}: {problem.replace('`', '')}",
        place=document.place(*path),
        found=found,
        expected=f"one of {', '.join(choices)}",
        mend=f"did you mean {near!r}?" if near else "write one of them",
    )


def _choices(info: Any, path: Sequence[str | int]) -> tuple[str, ...]:
    """The texts that may stand at *path*; empty where that is no choice among texts."""
    match info:
        case msgspec.inspect.Metadata():
            return _choices(info.type, path)
        case msgspec.inspect.UnionType():
            return next((found for option in info.types if (found := _choices(option, path))), ())
        case msgspec.inspect.LiteralType() if not path:
            return tuple(value for value in info.values if isinstance(value, str))
        case msgspec.inspect.StructType() if path:
            inner = next((field.type for field in info.fields if field.encode_name == path[0]), None)
            return _choices(inner, path[1:])
        case msgspec.inspect.DictType() if path:  # of a key that is none, the path ends at the table
            return _choices(info.value_type, path[1:])
        case msgspec.inspect.ListType() | msgspec.inspect.VarTupleType() if path:
            return _choices(info.item_type, path[1:])
    return ()


def _at(value: Any, path: Sequence[str | int]) -> Any:
    for part in path:
        value = value[part]
    return value


def _guilty(error: msgspec.ValidationError, type_: Any, value: Any, path: Sequence[str | int]) -> str:
    """The key of the table at *path* that *error*, which writes ``[...]`` for it, is about: found by trying one by one."""
    for key in _at(value, path):
        try:
            msgspec.convert(_only(value, path, key), type_)
        except msgspec.ValidationError as single:
            if str(single) == str(error):
                return str(key)
    raise error


def _only(value: Any, path: Sequence[str | int], key: str) -> Any:
    """*value*, with nothing but *key* left in the table at *path*."""
    if not path:
        return {key: value[key]}
    changed = value.copy()
    changed[path[0]] = _only(value[path[0]], path[1:], key)
    return changed


def _bare(hint: Any) -> tuple[Any, msgspec.Meta | None]:
    if typing.get_origin(hint) is typing.Annotated:
        bare, *notes = typing.get_args(hint)
        return bare, next((note for note in notes if isinstance(note, msgspec.Meta)), None)
    return hint, None


def _structs(hint: Any) -> Iterator[type[msgspec.Struct]]:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        yield hint
    for inner in typing.get_args(hint):
        yield from _structs(_bare(inner)[0])


def _spelled(hint: Any) -> str:
    if typing.get_origin(hint) is typing.Literal:
        return " | ".join(str(option) for option in typing.get_args(hint))
    arguments = [_spelled(_bare(inner)[0]) for inner in typing.get_args(hint) if inner is not Ellipsis]
    if hint is type(None):
        return "none"
    name = getattr(typing.get_origin(hint) or hint, "__name__", str(hint))
    if name in ("UnionType", "Union"):
        return " | ".join(argument for argument in arguments if argument != "none")
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return "table"
    plain = {
        "str": "text",
        "int": "integer",
        "float": "number",
        "bool": "true or false",
        "tuple": "list",
        "dict": "table",
        "Decimal": "money",
        "datetime": "time",
    }
    return plain.get(name, name) + (f" of {', '.join(arguments[-1:])}" if arguments else "")


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.default_factory is not msgspec.NODEFAULT:
        return {dict: "{}", list: "[]", set: "[]", tuple: "[]"}.get(field.default_factory, "")
    if field.default is msgspec.NODEFAULT:
        return "required"
    match field.default:
        case None:
            return "none"
        case bool():
            return str(field.default).lower()
        case msgspec.Struct():
            return ""
        case () | []:
            return "[]"
        case tuple():
            return str(list(field.default))
        case dict():
            return "{}"
    return str(field.default)
