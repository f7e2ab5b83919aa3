"""Flipped labels are suspected, by position and never by cell."""

from __future__ import annotations

import numpy as np
import pytest

from fullcycle.development.label_errors import label_errors, label_finding


@pytest.mark.parametrize("classes", [2, 3])
def test_flipped_labels_are_found(classes: int) -> None:
    random = np.random.default_rng(classes)
    truth = random.integers(0, classes, 4000)
    odds = random.normal(size=(4000, classes)) + 5.0 * np.eye(classes)[truth]
    shares = np.exp(odds) / np.exp(odds).sum(axis=1, keepdims=True)
    flipped = random.random(4000) < 0.05
    target = np.where(flipped, (truth + 1) % classes, truth).astype(float)
    found = label_errors(target, shares if classes > 2 else shares[:, 1])
    positions = np.array(found.positions)
    assert flipped[positions].mean() >= 0.9  # the likeliest come first
    assert found.suspected == pytest.approx(flipped.sum(), rel=0.5)
    assert found.suspected == sum(sum(row) for row in found.joint) - sum(found.joint[i][i] for i in range(classes))
    assert label_finding(found).severity == "note"


def test_recall_and_precision_on_a_separable_set() -> None:
    random = np.random.default_rng(5)
    truth = random.random(1500) < 0.4
    flipped = random.random(1500) < 0.05
    scores = np.clip(np.where(truth, 0.9, 0.1) + 0.05 * random.normal(size=1500), 0.01, 0.99)
    found = label_errors((truth ^ flipped).astype(float), scores)
    hit = flipped[list(found.positions)].sum()
    assert hit / min(flipped.sum(), 100) >= 0.6
    assert hit / len(found.positions) >= 0.5


def test_a_class_without_rows_is_no_trouble() -> None:
    found = label_errors(np.zeros(10), np.full((10, 3), 1 / 3))
    assert found.suspected == 0
