"""The section ``[development]`` of ``cycle.toml``: the model."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

from fullcycle.development.behaviours.declared import Declared

Encoding: TypeAlias = Literal["auto", "one_hot", "ordinal", "frequency", "target", "hash"]
Scaling: TypeAlias = Literal["auto", "standard", "robust", "quantile", "log", "none"]
Imputation: TypeAlias = Literal["auto", "median", "mean", "most_frequent", "constant"]
DatePart: TypeAlias = Literal["minute_of_day", "hour", "weekday", "day", "month", "day_of_year", "year"]
Statistic: TypeAlias = Literal["mean", "median", "std", "count"]
TextEncoding: TypeAlias = Literal["auto", "none", "score", "bag_of_words", "tf_idf", "hashing", "embedding"]
Pairs: TypeAlias = tuple[tuple[str, str], ...]


class ColumnFeatures(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one column becomes features, where it is not as for all."""

    encode: Annotated[Encoding, Meta(description="how a category becomes numbers")] = "auto"
    order: Annotated[
        tuple[str, ...], Meta(description="values of an ordinal category, least first; by default in order of text")
    ] = ()
    scale: Annotated[Scaling, Meta(description="scale of a number for models that need one")] = "auto"
    impute: Annotated[Imputation, Meta(description="what stands where a value is missing")] = "auto"
    constant: Annotated[float | None, Meta(description="the number that impute = 'constant' puts")] = None
    zone: Annotated[str, Meta(description="time zone in which a time is read; by default the project's")] = ""
    text: Annotated[TextEncoding, Meta(description="what becomes of free text")] = "auto"


class Aggregate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a number comes to in each group of a category, learnt from training rows."""

    number: Annotated[str, Meta(description="column of numbers")]
    by: Annotated[str, Meta(description="column of categories")]
    statistics: Annotated[tuple[Statistic, ...], Meta(description="what is taken of each group", min_length=1)] = (
        "mean",
    )
    difference: Annotated[bool, Meta(description="the number less its group's mean too")] = False


class Features(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How columns become features."""

    calendar: Annotated[
        bool,
        Meta(
            description="parts of the date from time columns: minute of the day (linear models: the hour) and weekday"
        ),
    ] = True
    dates: Annotated[Literal["auto"] | tuple[DatePart, ...], Meta(description="other parts of the date instead")] = (
        "auto"
    )
    cyclic: Annotated[
        bool, Meta(description="parts of the date as sine and cosine, so that midnight lies beside 23:59")
    ] = False
    days_between: Annotated[Pairs, Meta(description="pairs of time columns: days from the first to the second")] = ()
    encode: Annotated[Encoding, Meta(description="how categories become numbers; auto asks the recipe")] = "auto"
    target_encode: Annotated[
        int, Meta(description="categories with more values than this are encoded by the target, out of fold", ge=1)
    ] = 20
    hash_width: Annotated[
        int, Meta(description="columns that encode = 'hash' makes of one category", ge=2, le=4096)
    ] = 32
    rare: Annotated[
        int, Meta(description="categories, and terms of texts, seen in fewer rows than this count as unknown", ge=1)
    ] = 20
    scale: Annotated[
        Scaling, Meta(description="scale of numbers for models that need one; trees take them as they are")
    ] = "auto"
    impute: Annotated[
        Imputation,
        Meta(description="what stands for a missing value; auto: the median for models that need one, none for trees"),
    ] = "auto"
    constant: Annotated[float, Meta(description="the number that impute = 'constant' puts")] = 0.0
    missing_flags: Annotated[bool, Meta(description="a column that says where another was imputed")] = True
    ratios: Annotated[Pairs, Meta(description="pairs of number columns: the first divided by the second")] = ()
    differences: Annotated[Pairs, Meta(description="pairs of number columns: the first less the second")] = ()
    propose_pairs: Annotated[
        Literal["auto"] | Annotated[int, Meta(ge=0, le=20)],
        Meta(
            description="of so many leading number columns, all ratios and differences; 0: none; auto: of 6 for models "
            "that add features up, none for trees"
        ),
    ] = "auto"
    aggregates: Annotated[
        tuple[Aggregate, ...], Meta(description="what numbers come to in the groups of a category")
    ] = ()
    select: Annotated[
        Literal["none", "lasso", "mutual_information", "null_importance"],
        Meta(description="features are kept only if they tell of the target, as this method sees it"),
    ] = "none"
    project: Annotated[
        Literal["none", "pca"], Meta(description="features are replaced by their principal components")
    ] = "none"
    components: Annotated[int, Meta(description="principal components, at most", ge=1, le=512)] = 10
    text: Annotated[
        TextEncoding,
        Meta(
            description="what becomes of free text: score: that of a linear model on its words, out of fold; bag_of_words, "
            "tf_idf: frequent words as columns; hashing: hashes of words; embedding: of a small transformer; auto: score"
        ),
    ] = "auto"
    text_columns: Annotated[
        int, Meta(description="columns that bag_of_words, tf_idf or hashing make of a text", ge=1, le=10_000)
    ] = 300
    text_characters: Annotated[
        bool, Meta(description="beside words, runs of 3 to 5 characters: for misspelt or unspaced texts; slower")
    ] = False
    columns: Annotated[
        dict[str, ColumnFeatures], Meta(description="columns that are treated otherwise than the rest")
    ] = {}

    def __hash__(self) -> int:
        """Of its content: prepared features are kept by their settings, and a dict has no hash of its own."""
        return hash(msgspec.json.encode(self, order="sorted"))


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
    expert_rule: Annotated[
        str,
        Meta(
            description="what an expert would say, as an expression: a condition or a score; evaluated beside the model"
        ),
    ] = ""


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

    search_budget: Annotated[
        str, Meta(description="trials, or the time of all of development: '40 trials' or '5m'")
    ] = "5m"
    learners: Annotated[Literal["auto"] | tuple[str, ...], Meta(description="auto, or a list of learners")] = "auto"
    search: Annotated[
        Literal["tpe", "random", "grid", "none"], Meta(description="how the search goes on after the portfolio")
    ] = "tpe"
    clusters: Annotated[
        # of any length: msgspec 0.22 crashes on a union with a tuple of a fixed one
        Annotated[int, Meta(ge=2)]
        | Annotated[tuple[Annotated[int, Meta(ge=2)], ...], Meta(min_length=2, max_length=2)],
        Meta(description="of a clustering: how many clusters, or the least and the most of them to try"),
    ] = (2, 10)
    folds: Annotated[
        Literal["auto"] | Annotated[int, Meta(ge=1, le=50)],
        Meta(description="folds of every trial, divided as the dataset is; 1: its own validation rows; auto: by rows"),
    ] = "auto"
    ensemble: Annotated[
        Literal["auto", "none", "max_accuracy"],
        Meta(description="auto: at most 3 members, if they gain more than a standard error; max_accuracy: any number"),
    ] = "auto"
    calibrate: Annotated[bool, Meta(description="calibrate probabilities where the loss is sure to gain by it")] = True
    weight: Annotated[str, Meta(description="column that says how much a row counts in fitting, above 0")] = ""
    trial_limit: Annotated[str, Meta(description="a trial that takes longer is stopped")] = "30m"
    round: Annotated[
        int, Meta(description="trials asked for at once; the same model on any number of workers", ge=1)
    ] = 4
    seed: Annotated[int, Meta(description="seed of everything random", ge=0)] = 0
    features: Annotated[Features, Meta(description="how columns become features")] = Features()
    knowledge: Annotated[Knowledge, Meta(description="what is known of columns beforehand")] = Knowledge()
    evaluation: Annotated[Evaluation, Meta(description="what is looked at beside the figures")] = Evaluation()
    behaviours: Annotated[
        tuple[Declared, ...], Meta(description="behavioural tests, beside those in the files of the folder behaviours")
    ] = ()
