"""Three verbs: a ``step`` is pure and keyed, ``observe`` reads the outside, ``act`` changes it.

Lineage, audit, resuming after a crash and the account of costs all follow from calling them.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, cast

import msgspec

from fullcycle.kernel.blobs import Blobs, get_record
from fullcycle.kernel.clock import Clock, Stopwatch
from fullcycle.kernel.finding import Finding
from fullcycle.kernel.journal import Entry, Journal
from fullcycle.kernel.limits import Limit, Stopped
from fullcycle.kernel.record import Record, canonical, digest
from fullcycle.kernel.scope import Actor, Scope
from fullcycle.kernel.state import Route, State, head_topic, route_topic

P = ParamSpec("P")
R = TypeVar("R", bound=Record)
T = TypeVar("T")


class Step(Generic[P, R]):
    """A pure function from records and parameters to one record, with a declared version.

    ``libraries`` are those whose version may change its result; ``project_code`` says that it calls the user's Python.
    """

    def __init__(
        self, function: Callable[P, R], name: str, version: int, libraries: tuple[str, ...], project_code: bool
    ) -> None:
        self.function, self.name, self.version = function, name, version
        self.libraries, self.project_code = libraries, project_code
        self.__doc__, self.__wrapped__ = function.__doc__, function
        STEPS[name] = self

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """The bare function: it can be read, tested and run alone."""
        return self.function(*args, **kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        return _named, (self.function.__module__, self.function.__qualname__)


STEPS: dict[str, Step[Any, Any]] = {}
"""Every declared step by name."""


def step(
    name: str, *, version: int, libraries: tuple[str, ...] = (), project_code: bool = False
) -> Callable[[Callable[P, R]], Step[P, R]]:
    """Declare a step. Raise its version when its code changes: a test insists on it.

    >>> @step("doctest.double", version=1)
    ... def double(*, number: int) -> Record: ...
    >>> double.name, double.version
    ('doctest.double', 1)
    """
    return lambda function: Step(function, name, version, libraries, project_code)


class Observation:
    """What was seen outside: its fingerprint is an input id; the value itself is a live thing, read when first needed.

    >>> Observation("ab", "rows").value, Observation("ab", read=lambda: "rows").value
    ('rows', 'rows')
    """

    def __init__(self, id: str, value: Any = None, *, read: Callable[[], Any] | None = None) -> None:
        self.id = id
        self._read = read or (lambda: value)

    @cached_property
    def value(self) -> Any:
        """What was seen."""
        return self._read()


class Call(msgspec.Struct, frozen=True):
    """A step with what it is called on. Keys depend on inputs and parameters, never on ``using``.

    Attributes
    ----------
    inputs : records and observations, by parameter name.
    parameters : plain values and settings, by parameter name.
    using : live handles, such as the blob store; they must not change the result.
    libraries : those whose version may change this call's result, beside those that the step declares for all calls.
    """

    step: Step[Any, Any]
    inputs: Mapping[str, Record | Observation] = {}
    parameters: Mapping[str, Any] = {}
    using: Mapping[str, Any] = {}
    libraries: tuple[str, ...] = ()

    def __call__(self) -> Record:
        """Run the step, whatever the journal says."""
        return cast(Record, self.step.function(**self.inputs, **self.parameters, **self.using))


class Engine(Protocol):
    """Where work runs. Results come in any order, each with the position of its call.

    A call that goes beyond its limit is stopped, and :class:`~fullcycle.kernel.limits.Stopped` stands for its result;
    the others are not disturbed. Without a limit nothing is stopped.
    """

    def map(
        self, calls: Sequence[Callable[[], T]], *, limit: Limit | None = None
    ) -> Iterable[tuple[int, T | Stopped, float]]: ...


class Run:
    """The verbs in one scope, for one actor, on one clock.

    Parameters
    ----------
    code : digest of the project's own Python, in the key of every step that uses it.
    """

    def __init__(
        self, journal: Journal, blobs: Blobs, scope: Scope, actor: Actor, clock: Clock, *, code: str = ""
    ) -> None:
        self.journal, self.blobs, self.scope = journal, blobs, scope
        self.actor, self.clock, self.code = actor, clock, code
        self.state = State(journal)

    def step(
        self,
        step: Step[P, R],
        *,
        inputs: Mapping[str, Record | Observation],
        parameters: Mapping[str, Any] = {},
        using: Mapping[str, Any] = {},
    ) -> R:
        """The record that *step* makes of these inputs: run now, or taken from the journal if it was run before."""
        return cast(R, self.do(Call(step, inputs, parameters, using)))

    def do(self, call: Call) -> Record:
        """The same for a call that is already put together."""
        key = self.key(call)
        if (found := self._reuse(key, call)) is not None:
            return found
        with self.journal.lease(f"step/{key}", 15.0):
            if (found := self._reuse(key, call)) is not None:  # another process was quicker
                return found
            with Stopwatch() as watch:
                record = call()
            self._finish(key, call, record, watch.seconds)
        return record

    def map(self, calls: Sequence[Call], engine: Engine) -> list[Record]:
        """Many steps, each keyed on its own; the results are in the order of the calls, wherever and whenever they ran."""
        return cast(list[Record], self.attempt(calls, engine))

    def attempt(self, calls: Sequence[Call], engine: Engine, limit: Limit | None = None) -> list[Record | Stopped]:
        """The same within a limit. A step that was stopped is not kept as done: it runs again when it is asked for again."""
        keys = [self.key(call) for call in calls]
        results: dict[int, Record | Stopped] = {}
        for position, (key, call) in enumerate(zip(keys, calls, strict=True)):
            if (found := self._reuse(key, call)) is not None:
                results[position] = found
        waiting = [position for position in range(len(calls)) if position not in results]
        for place, result, seconds in engine.map([calls[position] for position in waiting], limit=limit):
            position = waiting[place]
            results[position] = result
            if not isinstance(result, Stopped):
                self._finish(keys[position], calls[position], result, seconds)
        return [results[position] for position in range(len(calls))]

    def observe(self, name: str, look: Callable[[], tuple[T, str]], *, facts: Mapping[str, Any] = {}) -> Observation:
        """Read the outside; never skipped. *look* gives the value and its fingerprint; *facts* go into the entry."""
        with Stopwatch() as watch:
            value, fingerprint = look()
        self.append(
            self.entry("observe", step=name, outputs=(fingerprint,), facts=facts, cost={"seconds": watch.seconds})
        )
        return Observation(fingerprint, value)

    def act(
        self, name: str, key: str, effect: Callable[[], Mapping[str, Any]], *, inputs: tuple[str, ...] = ()
    ) -> Mapping[str, Any]:
        """Change the outside once: an intent, the effect, its result. *effect* must be harmless when a crash repeats it."""
        key = digest(canonical([name, str(self.scope), key]))
        if (done := self.state.refresh().done.get(key)) is not None:
            return done.facts
        with self.journal.lease(f"act/{key}", 15.0):
            if (done := self.state.refresh().done.get(key)) is not None:
                return done.facts
            self.append(self.entry("intend", step=name, key=key, inputs=inputs))
            with Stopwatch() as watch:
                facts = effect()
            self.append(
                self.entry("act", step=name, key=key, inputs=inputs, facts=facts, cost={"seconds": watch.seconds})
            )
        return facts

    def measure(self, record: Record, findings: Sequence[Finding]) -> None:
        """Note measured findings about a record: figures of this machine, which no record holds."""
        self.append(self.entry("measure", inputs=(record.id,), facts={"findings": msgspec.to_builtins(findings)}))

    def set_head(self, stage: str, record: Record) -> None:
        """Make *record* the current one of *stage*, unless somebody changed it meanwhile."""
        head = self.state.refresh().head(self.scope, stage)
        if head.record != record.id:
            topic = head_topic(self.scope, stage)
            self.append(
                self.entry("head", topic=topic, step=stage, outputs=(record.id,)), expect=(topic, head.position)
            )

    def set_route(self, route: Route, *, inputs: tuple[str, ...] = ()) -> Route:
        """Let *route* serve, as the next generation."""
        current, position = self.state.refresh().route(self.scope)
        route = msgspec.structs.replace(route, generation=current.generation + 1)
        topic = route_topic(self.scope)
        self.append(
            self.entry("route", topic=topic, inputs=inputs, facts={"route": msgspec.to_builtins(route)}),
            expect=(topic, position),
        )
        return route

    def get(self, id: str) -> Record:
        """The record kept as *id*."""
        return get_record(self.blobs, id)

    def key(self, call: Call) -> str:
        """What makes two calls the same call."""
        return digest(
            canonical(
                {
                    "name": call.step.name,
                    "version": call.step.version,
                    "inputs": {name: value.id for name, value in call.inputs.items()},
                    "parameters": self.parameters_digest(call),
                    "libraries": versions(call.step.libraries + call.libraries),
                    "code": self.code if call.step.project_code else "",
                }
            )
        )

    def parameters_digest(self, call: Call) -> str:
        """Digest of a call's parameters alone: what a person set, whatever it was applied to."""
        return digest(canonical(dict(call.parameters)))

    def entry(self, verb: str, **fields: Any) -> Entry:
        """An entry of this scope, actor and clock."""
        return Entry(scope=self.scope, actor=self.actor, verb=cast(Any, verb), at=self.clock.now(), **fields)

    def append(self, *entries: Entry, expect: tuple[str, int] | None = None) -> None:
        """Append and follow."""
        self.journal.append(entries, expect)
        self.state.refresh()

    def _reuse(self, key: str, call: Call) -> Record | None:
        done = self.state.refresh().done.get(key)
        if done is None or not self.blobs.has(done.outputs[0]):
            return None
        self.append(self._of(call, "reused", key, done.outputs))
        return self.get(done.outputs[0])

    def _finish(self, key: str, call: Call, record: Record, seconds: float) -> None:
        self.blobs.put(record.canonical)
        made = self._of(call, "step", key, (record.id,))
        self.append(
            msgspec.structs.replace(
                made,
                cost={"seconds": seconds},
                code=code_digest(call.step.function),
                libraries=versions(call.step.libraries + call.libraries),
            )
        )

    def _of(self, call: Call, verb: str, key: str, outputs: tuple[str, ...]) -> Entry:
        inputs = tuple(value.id for value in call.inputs.values())
        return self.entry(
            verb,
            step=call.step.name,
            key=key,
            inputs=inputs,
            outputs=outputs,
            facts={"version": call.step.version, "parameters": self.parameters_digest(call)},
        )


def code_digest(function: Callable[..., Any]) -> str:
    """Digest of a function's code without its comments, docstring and layout."""
    source = inspect.getsource(function)
    tree = ast.parse("if 1:\n" + source if source[0].isspace() else source)
    return digest(ast.dump(without_docstrings(tree)).encode())


def without_docstrings(tree: ast.AST) -> ast.AST:
    """The same tree without docstrings, so that prose does not count as code."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and ast.get_docstring(node, clean=False) is not None
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return tree


_FOUND: dict[str, str] = {}


def versions(libraries: tuple[str, ...]) -> dict[str, str]:
    """The installed version of each, empty where it is not installed.

    >>> list(versions(("numpy",)))
    ['numpy']
    """
    for name in libraries:
        if name not in _FOUND:
            try:
                _FOUND[name] = installed(name)
            except PackageNotFoundError:
                _FOUND[name] = ""
    return {name: _FOUND[name] for name in libraries}


def _named(module: str, name: str) -> Any:
    import importlib

    return getattr(importlib.import_module(module), name)
