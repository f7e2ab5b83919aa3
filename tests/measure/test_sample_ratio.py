"""Groups drawn as they should be hardly ever alarm; others soon do."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fullcycle.kernel.errors import InputError
from fullcycle.measure.sample_ratio import log_evidence


def test_looking_after_every_row_hardly_ever_alarms() -> None:
    rng = np.random.default_rng(1)
    alarms = 0
    for run in rng.random((300, 1000)) < 0.05:
        met = np.cumsum(run)
        path = [log_evidence([n - int(k), int(k)], [0.95, 0.05]) for n, k in enumerate(met, 1) if n % 10 == 0]
        alarms += max(path) > math.log(20)
    assert alarms <= 0.05 * 300


def test_a_fifth_too_few_is_found_in_some_thousand_rows() -> None:
    assert log_evidence([4800, 4000], [0.5, 0.5]) > math.log(2000)


def test_evidence_is_the_product_of_predictive_probabilities() -> None:
    rows, shares = [0, 1, 1, 0, 1], [0.7, 0.3]
    counts, log = [70.0, 30.0], 0.0
    for row in rows:
        log += math.log(counts[row] / sum(counts)) - math.log(shares[row])
        counts[row] += 1
    assert math.isclose(log_evidence([2, 3], shares), log, abs_tol=1e-9)


def test_shares_that_are_none_are_refused() -> None:
    with pytest.raises(InputError):
        log_evidence([1, 2], [1.0, 0.0])
