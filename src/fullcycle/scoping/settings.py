"""The section ``[scoping]`` of ``cycle.toml``: the question, what an answer is worth, and within which limits."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

PerTime = Annotated[str, Meta(pattern=r"^\d+(\.\d+)?/(day|week|month|year)$")]
Task = Literal["binary", "multiclass", "regression", "clustering"]


class AmountSetting(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Money with its range and source."""

    value: Annotated[float, Meta(description="money, in the currency")]
    low: Annotated[float | None, Meta(description="the least that is plausible")] = None
    high: Annotated[float | None, Meta(description="the most that is plausible")] = None
    source: Annotated[str, Meta(description="who says so")] = ""


Money = float | str | AmountSetting


class GateSetting(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A release gate on one figure; exactly one of the three."""

    at_least: Annotated[float | None, Meta(description="the lower bound must reach it")] = None
    at_most: Annotated[float | None, Meta(description="the upper bound must stay under it")] = None
    better_than: Annotated[
        Literal["constant"] | None, Meta(description="paired on the same rows, the bound must beat it")
    ] = None


class Fairness(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A limit on how differently groups are treated."""

    attribute: Annotated[str, Meta(description="the column that names the group")]
    measure: Annotated[
        Literal["equal_opportunity_difference", "demographic_parity_difference"], Meta(description="which difference")
    ]
    at_most: Annotated[float, Meta(description="the largest difference allowed")]


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Constraints; each is a gate too."""

    training: Annotated[str | None, Meta(description="longest training time, such as '10m'")] = None
    latency_p99: Annotated[
        str | None, Meta(description="slowest answer to one row in process, 99th percentile, such as '20ms'")
    ] = None
    memory: Annotated[str | None, Meta(description="most memory of a process that serves, such as '1GiB'")] = None
    bundle: Annotated[str | None, Meta(description="largest bundle, such as '50MiB'")] = None
    cost_per_year: Annotated[float | None, Meta(description="all costs of a year, in the currency")] = None
    actions_per_day: Annotated[
        dict[str, int], Meta(description="how often an action can be taken a day; the best rows first")
    ] = {}
    runs_on: Annotated[tuple[str, ...], Meta(description="where it may run")] = ()
    fairness: Annotated[tuple[Fairness, ...], Meta(description="limits on differences between groups")] = ()


class Standing(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A signature given in advance."""

    approves: Annotated[Literal["release"], Meta(description="what is signed in advance")]
    condition: Annotated[Literal["every gate passes"], Meta(description="under which condition")] = field(
        name="if", default="every gate passes"
    )
    until: Annotated[str, Meta(description="the last day on which it holds")]


class Stakeholder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who has a say, and on what."""

    role: Annotated[str, Meta(description="the part they play")]
    members: Annotated[
        tuple[str, ...], Meta(description="addresses of the people; one of them signs for the role", min_length=1)
    ]
    approves: Annotated[
        tuple[Literal["charter", "first_release", "release"], ...], Meta(description="what waits for their signature")
    ] = ()
    standing: Annotated[Standing | None, Meta(description="a signature given in advance")] = None


class Risk(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much harm a wrong decision can do."""

    level: Annotated[Literal["minimal", "limited", "high"], Meta(description="class of risk")] = field(
        name="class", default="minimal"
    )
    reasons: Annotated[str, Meta(description="why this class")] = ""
    oversight: Annotated[str, Meta(description="who can stop it and how")] = ""
    appeal: Annotated[str, Meta(description="where a person affected can turn")] = ""


class Resources(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Plan and costs, from which the return is computed."""

    people_days: Annotated[float, Meta(description="days of work until the first release", ge=0)] = 0.0
    people_days_per_month: Annotated[float, Meta(description="days of work a month to keep it running", ge=0)] = 0.0
    day_rate: Annotated[float, Meta(description="cost of a day of work", ge=0)] = 0.0
    compute_per_hour: Annotated[float, Meta(description="cost of an hour of one machine", ge=0)] = 0.0
    hours_per_million_rows: Annotated[
        float, Meta(description="machine hours to fit one trial on a million rows, for replays", ge=0)
    ] = 0.02
    serving_per_month: Annotated[float, Meta(description="cost of the machines that serve, a month", ge=0)] = 0.0
    deadline: Annotated[str | None, Meta(description="when the first release is due")] = None


class Scoping(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The question."""

    question: Annotated[str, Meta(description="the business question, as one sentence", min_length=1)]
    task: Annotated[Task, Meta(description="what kind of answer it needs")]
    target: Annotated[
        str, Meta(description="the column that answers it afterwards; required of every task but clustering")
    ] = ""
    entity: Annotated[str, Meta(description="the column that says what a row is about")]
    time: Annotated[str, Meta(description="the column that says when the prediction is made")]
    label_delay: Annotated[str, Meta(description="how long until the outcome is known, such as '1d'")]
    actions: Annotated[tuple[str, ...], Meta(description="what can be decided")] = ()
    todays_rule: Annotated[
        dict[Literal["always", "column", "expression"], str | float], Meta(description="what is done without the model")
    ] = {}
    action_changes_outcome: Annotated[bool, Meta(description="whether the action taken changes the outcome; required")]
    volume: Annotated[PerTime | None, Meta(description="expected decisions, such as '900/day'")] = None
    confidence: Annotated[float, Meta(description="confidence of every interval", gt=0.5, lt=1)] = 0.95
    value: Annotated[
        dict[str, str | float | dict[str, Money]],
        Meta(description="money per decision: action, then outcome; or `currency` alone, with `@value` in cycle.py"),
    ] = {}
    success: Annotated[dict[str, GateSetting], Meta(description="release gates by figure")] = {}
    limits: Annotated[Limits, Meta(description="constraints")] = Limits()
    stakeholders: Annotated[tuple[Stakeholder, ...], Meta(description="who has a say")] = ()
    risk: Annotated[Risk, Meta(description="class of risk")] = Risk()
    resources: Annotated[Resources, Meta(description="plan and costs")] = Resources()

    def __post_init__(self) -> None:
        if not self.target and self.task != "clustering":
            raise ValueError("Object missing required field `target`")  # told as for any required key
