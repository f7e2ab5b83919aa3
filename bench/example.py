"""The example that is scored: twelve numbers and eight categories, one plan, and the same features and trees in scikit-learn."""

from __future__ import annotations

import importlib
from decimal import Decimal
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.measure.value import Amount, ValueTable
from fullcycle.predictor.bundle import pack
from fullcycle.predictor.contract import ColumnRule, Contract
from fullcycle.predictor.formats.lightgbm import LightGBM, canonical_text
from fullcycle.predictor.plan import Impute, Input, Lookup, Operation, Plan, Standardise
from fullcycle.predictor.policy import Policy

Floats: TypeAlias = NDArray[np.float64]

RAW = tuple(f"number_{place}" for place in range(8))  # as they are, some missing
SCALED = tuple(f"scaled_{place}" for place in range(4))  # imputed and standardised
CATEGORIES = {f"category_{place}": size for place, size in enumerate((3, 4, 6, 10, 15, 25, 40, 100))}  # and their sizes
COLUMNS = (*RAW, *SCALED, *CATEGORIES)


def rows(n: int, seed: int = 0) -> pl.DataFrame:
    """*n* rows; one in twenty numbers, and one in fifty categories, is missing.

    >>> rows(3).shape
    (3, 20)
    """
    random = np.random.default_rng(seed)
    columns = [_with_gaps(pl.Series(name, random.normal(size=n)), random, 0.05) for name in (*RAW, *SCALED)]
    for name, size in CATEGORIES.items():
        words = np.array([f"w{code:03d}" for code in range(size)])
        columns.append(_with_gaps(pl.Series(name, words[random.integers(0, size, n)]), random, 0.02))
    return pl.DataFrame(columns)


class Example:
    """A fitted model in both worlds.

    Parameters
    ----------
    trees, training : trees, and rows to fit them to.

    Attributes
    ----------
    pipeline : ColumnTransformer and LGBMClassifier.
    booster : the trees, as the package ``lightgbm`` has them.
    plan, model : the same features and trees, ours.
    """

    def __init__(self, trees: int, training: int) -> None:
        table = rows(training)
        self.pipeline = _pipeline(trees)
        self.pipeline.fit(table, _target(table))
        self.booster: Any = self.pipeline[-1].booster_
        self.plan = _plan(self.pipeline[0])
        self.model = LightGBM(canonical_text(self.booster))

    @cached_property
    def bundle(self) -> bytes:
        """Plan, trees, contract and policy in one file."""
        numbers = [ColumnRule(name=name, kind="float", low=-100.0, high=100.0) for name in (*RAW, *SCALED)]
        words = [ColumnRule(name=name, kind="category") for name in CATEGORIES]
        contract = Contract((*numbers, *words))
        return pack(plan=self.plan, model=self.model, contract=contract, policy=_policy(), facts={})

    def check(self) -> None:
        """Make sure that both worlds compute the same. Raises AssertionError where they do not."""
        table = rows(1000, seed=1)
        matrix = self.plan.matrix(table)
        for given in (table, to_pandas(table)) if pandas() else (table,):
            np.testing.assert_allclose(matrix, self.pipeline[0].transform(given), rtol=1e-12, atol=1e-12)
        np.testing.assert_array_equal(self.model.scores(matrix), self.booster.predict(matrix))
        np.testing.assert_allclose(self.model.scores(matrix), self.pipeline.predict_proba(table)[:, 1])


def example(quick: bool) -> Example:
    """The example at the size that is measured: 200 trees of 31 leaves; far fewer in a quick run."""
    made = Example(20, 2000) if quick else Example(200, 20_000)
    made.check()
    return made


def pandas() -> Any | None:
    """The package, where it is installed: it is wanted for comparison only."""
    try:
        return importlib.import_module("pandas")
    except ModuleNotFoundError:
        return None


def to_pandas(table: pl.DataFrame) -> Any:
    """The table as pandas, without pyarrow."""
    return importlib.import_module("pandas").DataFrame({name: table[name].to_list() for name in table.columns})


def _with_gaps(column: pl.Series, random: np.random.Generator, share: float) -> pl.Series:
    kept = pl.Series(random.random(len(column)) >= share)
    return column.to_frame().select(pl.when(kept).then(column)).to_series().alias(column.name)


def _target(table: pl.DataFrame) -> NDArray[np.bool_]:
    numbers = np.nan_to_num(table.select(RAW).to_numpy()).sum(axis=1)
    word = (table["category_3"] < "w005").fill_null(False).to_numpy()
    return np.asarray(numbers + 2.0 * word + np.random.default_rng(2).normal(size=table.height) > 1.0)


def _pipeline(trees: int) -> Any:
    from lightgbm import LGBMClassifier
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder, StandardScaler

    encoder = OrdinalEncoder(
        categories=[[f"w{code:03d}" for code in range(size)] for size in CATEGORIES.values()],
        handle_unknown="use_encoded_value",
        unknown_value=-1,
        encoded_missing_value=-1,
    )
    steps = [
        ("raw", "passthrough", list(RAW)),
        ("scaled", make_pipeline(SimpleImputer(), StandardScaler()), list(SCALED)),
        ("categories", encoder, list(CATEGORIES)),
    ]
    return make_pipeline(
        ColumnTransformer(steps), LGBMClassifier(n_estimators=trees, n_jobs=1, verbose=-1, random_state=0)
    )


def _plan(transformer: Any) -> Plan:
    """What the fitted *transformer* does, as a feature plan."""
    imputer, scaler = (step for _, step in transformer.named_transformers_["scaled"].steps)
    operations: list[Operation] = []
    for place, name in enumerate(SCALED):
        mean, scale = float(scaler.mean_[place]), float(scaler.scale_[place])
        operations.append(Impute(output=f"{name} known", input=name, value=float(imputer.statistics_[place])))
        operations.append(Standardise(output=f"{name} feature", input=f"{name} known", mean=mean, scale=scale))
    for name, size in CATEGORIES.items():
        table = {f"w{code:03d}": float(code) for code in range(size)}
        operations.append(Lookup(output=f"{name} feature", input=name, table=table, default=-1.0, missing=-1.0))
    numbers = [Input(name, "float") for name in (*RAW, *SCALED)]
    made = [f"{name} feature" for name in (*SCALED, *CATEGORIES)]
    words = [Input(name, "category") for name in CATEGORIES]
    return Plan(inputs=(*numbers, *words), operations=tuple(operations), features=(*RAW, *made))


def _policy() -> Policy:
    worth = {"tell": {"true": 9, "false": -4}, "wait": {"true": 0, "false": 0}}
    cells = {
        action: {outcome: Amount(value=Decimal(money)) for outcome, money in row.items()}
        for action, row in worth.items()
    }
    table = ValueTable(task="binary", currency="EUR", cells=cells)
    return Policy(task="binary", actions=("tell", "wait"), values=table, todays_rule={"always": "wait"})
