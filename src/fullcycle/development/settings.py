"""The section ``[development]`` of ``cycle.toml``: the model."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct


class Features(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How columns become features."""

    calendar: Annotated[
        bool,
        Meta(
            description="parts of the date from time columns: minute of the day (linear models: the hour) and weekday"
        ),
    ] = True
    target_encode: Annotated[
        int, Meta(description="categories with more values than this are encoded by the target, out of fold", ge=1)
    ] = 20
    rare: Annotated[int, Meta(description="categories seen less often than this count as unknown", ge=1)] = 20


class Knowledge(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of columns before any row is seen. Learners that cannot keep to it are not tried."""

    monotone: Annotated[
        dict[str, Literal["up", "down"]],
        Meta(description="columns of numbers with which the score never falls (up) or never rises (down)"),
    ] = {}
    never_together: Annotated[
        tuple[Annotated[tuple[str, ...], Meta(min_length=2)], ...],
        Meta(description="lists of columns of which one path through a tree may use one only"),
    ] = ()


class Evaluation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is looked at beside the figures that gates name."""

    learning_curve: Annotated[bool, Meta(description="fits on fewer rows: is more data worth it?")] = True
    slices: Annotated[bool, Meta(description="the worst slices of one or two columns; one that does harm rejects")] = (
        True
    )
    robustness: Annotated[bool, Meta(description="what missing values, noise, slipped units and stale feeds do")] = True
    explanations: Annotated[bool, Meta(description="importance of columns, their partial dependence, SHAP values")] = (
        True
    )
    label_errors: Annotated[bool, Meta(description="suspected label errors among the validation rows")] = True
    sample: Annotated[int, Meta(description="test rows, at most, for what costs many predictions", ge=200)] = 4000


class Development(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The model."""

    search_budget: Annotated[str, Meta(description="trials or time, such as '40 trials' or '5m'")] = "5m"
    learners: Annotated[Literal["auto"] | tuple[str, ...], Meta(description="auto, or a list of learners")] = "auto"
    search: Annotated[
        Literal["tpe", "random", "none"], Meta(description="how the search goes on after the portfolio")
    ] = "tpe"
    round: Annotated[
        int, Meta(description="trials asked for at once; the same model on any number of workers", ge=1)
    ] = 4
    seed: Annotated[int, Meta(description="seed of everything random", ge=0)] = 0
    features: Annotated[Features, Meta(description="how columns become features")] = Features()
    knowledge: Annotated[Knowledge, Meta(description="what is known of columns beforehand")] = Knowledge()
    evaluation: Annotated[Evaluation, Meta(description="what is looked at beside the figures")] = Evaluation()
