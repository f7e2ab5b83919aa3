"""LightGBM's model text: brought to one form, and checked before a line of C++ reads it.

LightGBM writes its thread count, paths and every other parameter into a model, the names of features and the extremes
of the data too. None of it matters for a score, so the canonical text leaves it out. The library trusts a text: it
follows a child that points outside the tree into foreign memory, and a word that is no number ends the whole process.
So every word is read here first, and each tree checked to be one.

The format: https://github.com/microsoft/LightGBM/blob/master/src/boosting/gbdt_model_text.cpp and
``src/io/tree.cpp`` beside it.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from fullcycle.kernel.errors import Corrupt, InputError, TooNew

T = TypeVar("T", int, float)

VERSION = 4
_END = "end of trees\n"
_MOST = 1_000_000  # features, or classes
_OBJECTIVE = re.compile(
    r"(binary|multiclass|multiclassova|regression|regression_l1|huber|fair|poisson|quantile|mape|gamma|tweedie|cross_entropy)"
    r"( sqrt| [a-z_]+:[0-9.e+-]+)*"
)
_NODES = ("split_feature", "split_gain", "threshold", "decision_type", "left_child", "right_child")
_INNER = (*_NODES, "internal_value", "internal_weight", "internal_count")
_LEAVES = ("leaf_value", "leaf_weight", "leaf_count")
_WHOLE = ("split_feature", "decision_type", "left_child", "right_child", "internal_count", "leaf_count")
_CATEGORIES = ("cat_boundaries", "cat_threshold")
_KEYS = {"Tree", "num_leaves", "num_cat", "is_linear", "shrinkage", *_INNER, *_LEAVES, *_CATEGORIES}


class Shape(NamedTuple):
    """What a model text declares: features a row has, 1 output or one per class, its objective."""

    features: int
    outputs: int
    objective: str


def canonical_text(booster: Any) -> str:
    """The model text of a ``lightgbm.Booster`` without what varies between runs or tells of the data.

    Up to its best iteration, if it stopped early. Raises InputError for what it cannot keep: an objective of one's own, linear leaves.

    >>> import lightgbm, numpy
    >>> data = lightgbm.Dataset(numpy.arange(80.0).reshape(40, 2), numpy.arange(40) % 2)
    >>> booster = lightgbm.train({"objective": "binary", "verbose": -1, "num_threads": 2}, data, 1)
    >>> text = canonical_text(booster)
    >>> text.startswith("tree\\nversion=v4\\n"), "num_threads" in text
    (True, False)
    """
    try:
        found = booster.model_to_string()
        if not re.search(r"\npandas_categorical:(null|\[\])\s*$", found):
            raise Corrupt("categories of a data frame are coded inside the booster", expected="codes from the plan")
        text = canonical(found)
        check(text)
    except Corrupt as error:
        mend = "train on a matrix, with one of LightGBM's own objectives for tables and constant leaves"
        raise InputError(
            error.problem, place="LightGBM booster", found=error.found, expected=error.expected, mend=mend
        ) from None
    return text


def canonical(text: str) -> str:
    """*text* with the few header lines that a score depends on, and its trees. Raises Corrupt where it is no model text.

    >>> kept = "num_class=1\\nnum_tree_per_iteration=1\\nlabel_index=0\\nmax_feature_idx=0\\nobjective=regression"
    >>> names, end = "feature_names=age\\nfeature_infos=[17:90]\\ntree_sizes=9", "Tree=0\\n\\n\\nend of trees\\nmore"
    >>> canonical(f"tree\\nversion=v4\\n{kept}\\n{names}\\n\\n{end}").split("\\n")[7:9]
    ['feature_names=Column_0', 'feature_infos=none']
    """
    header, trees = _parts(text)
    features = _integer(header, "max_feature_idx", 0, _MOST) + 1
    kept = {
        "version": f"v{VERSION}",
        "num_class": header.get("num_class"),
        "num_tree_per_iteration": header.get("num_tree_per_iteration"),
        "label_index": "0",
        "max_feature_idx": str(features - 1),
        "objective": header.get("objective"),
        "average_output": header.get("average_output"),
        "feature_names": " ".join(f"Column_{position}" for position in range(features)),
        "feature_infos": " ".join(["none"] * features),
        "tree_sizes": header.get("tree_sizes"),
    }
    lines = [key if key == "average_output" else f"{key}={value}" for key, value in kept.items() if value is not None]
    return "\n".join(["tree", *lines, "", trees]) + _END


def check(text: str) -> Shape:
    """What a model text declares, once every tree in it is known to be a tree.

    Raises
    ------
    Corrupt
        Sizes, indices or numbers do not fit each other.
    TooNew
        A newer LightGBM wrote another format.

    Examples
    --------
    >>> check("tree\\nversion=v9\\n\\nend of trees\\n")
    Traceback (most recent call last):
    fullcycle.kernel.errors.TooNew: the LightGBM model was written by a newer fullcycle: found 'version 9', ...
    """
    header, trees = _parts(text)
    shape = _shape(header)
    per_iteration = _integer(header, "num_tree_per_iteration", shape.outputs, shape.outputs)
    sizes = _integers(header.get("tree_sizes", ""), "tree_sizes")
    if not sizes or len(sizes) % per_iteration or min(sizes) < 1 or sum(sizes) != len(trees.encode()):
        raise Corrupt(
            "sizes of trees do not add up", place="tree_sizes", found=len(sizes), expected=f"{len(trees)} bytes in all"
        )
    start = 0
    for number, size in enumerate(sizes):
        _check_tree(trees[start : start + size], number, shape.features)
        start += size
    return shape


def _parts(text: str) -> tuple[dict[str, str], str]:
    head, blank, rest = text.partition("\n\n")
    trees, end, _ = rest.partition(_END)
    lines = head.split("\n")
    if not blank or not end or lines[0] != "tree" or not text.isascii():
        raise Corrupt("not a LightGBM model text", expected="'tree', a header, trees and 'end of trees'")
    header: dict[str, str] = {}
    for line in lines[1:]:
        key, _, value = line.partition("=")
        if key in header:
            raise Corrupt("a line of a LightGBM header comes twice", found=key)
        header[key] = value
    version = re.fullmatch(r"v([0-9]{1,4})", header.get("version", ""))
    if version is None or int(version[1]) < VERSION:
        raise Corrupt("a LightGBM text of unknown version", found=header.get("version"), expected=f"v{VERSION}")
    if int(version[1]) > VERSION:
        raise TooNew("the LightGBM model", int(version[1]), VERSION)
    return header, trees


def _shape(header: dict[str, str]) -> Shape:
    features = _integer(header, "max_feature_idx", 0, _MOST) + 1
    classes = _integer(header, "num_class", 1, _MOST)
    objective = header.get("objective", "")
    if not _OBJECTIVE.fullmatch(objective):
        raise Corrupt("unknown objective", found=objective[:60] or "none", expected="binary, multiclass, regression, …")
    declared = re.search(r" num_class:([0-9]{1,7})(?= |$)", objective)
    if (int(declared[1]) if declared else 1) != classes or objective.startswith("multiclass") != (classes > 1):
        raise Corrupt("objective and number of classes differ", found=objective[:60], expected=f"{classes} classes")
    return Shape(features, classes, objective)


def _check_tree(block: str, number: int, features: int) -> None:
    place = f"tree {number}"
    fields: dict[str, str] = {}
    if "\nis_linear=1\n" in block:
        raise Corrupt("a tree has linear leaves", place=place, expected="constant ones")
    for line in block.rstrip("\n").split("\n"):
        key, equals, value = line.partition("=")
        if key not in _KEYS or key in fields or not equals:
            raise Corrupt("unexpected line", place=place, found=line[:60])
        fields[key] = value
    if fields.get("Tree") != str(number) or not block.endswith("\n\n\n"):
        raise Corrupt("a tree is not where its sizes say", place=place)
    if fields.get("is_linear") != "0":
        raise Corrupt("a tree does not say what its leaves are", place=place)
    leaves = _integer(fields, "num_leaves", 1, len(block), place)
    for keys, length in ((_INNER, leaves - 1), (_LEAVES, leaves)):
        for key in keys:
            read = _integers if key in _WHOLE else _numbers
            found = len(read(fields.get(key, ""), f"{place}, {key}"))
            # a stump lacks weights, and old versions its counts
            if found != length and not (leaves == 1 and key != "leaf_value" and found <= 1):
                raise Corrupt(
                    "a tree's lists differ in length", place=f"{place}, {key}", found=found, expected=str(length)
                )
    if len(_numbers(fields.get("shrinkage", ""), f"{place}, shrinkage")) != 1:
        raise Corrupt("a tree has no rate of shrinkage", place=place)
    if not all(map(math.isfinite, _numbers(fields["leaf_value"], f"{place}, leaf_value"))):
        raise Corrupt("the value of a leaf is not finite", place=place)
    if leaves > 1:
        _check_nodes(fields, leaves, features, place)


def _check_nodes(fields: dict[str, str], leaves: int, features: int, place: str) -> None:
    splits, kinds, left, right = (
        _integers(fields[key], f"{place}, {key}")
        for key in ("split_feature", "decision_type", "left_child", "right_child")
    )
    thresholds = _numbers(fields["threshold"], f"{place}, threshold")
    categories = _check_categories(fields, place)
    if min(splits) < 0 or max(splits) >= features:
        raise Corrupt("a tree splits on a feature that is not there", place=place, expected=f"0 to {features - 1}")
    if any(not 0 <= kind < 12 for kind in kinds):
        raise Corrupt("a split is of unknown kind", place=place, found=max(kinds))
    # every node but the root, and every leaf, is the child of exactly one node before it: so it is a tree
    if sorted(left + right) != list(range(-leaves, 0)) + list(range(1, leaves - 1)):
        raise Corrupt("children of a tree do not make a tree", place=place)
    for node, (kind, threshold, *children) in enumerate(zip(kinds, thresholds, left, right, strict=True)):
        if math.isnan(threshold):  # infinity is meant: everything known goes left
            raise Corrupt("a threshold is not a number", place=place, found=node)
        if any(0 <= child <= node for child in children):
            raise Corrupt("a child comes before its parent", place=place, found=node)
        if kind & 1 and not (threshold.is_integer() and 0 <= threshold < categories):
            raise Corrupt("a split names categories that are not there", place=place, found=threshold)


def _check_categories(fields: dict[str, str], place: str) -> int:
    count = _integer(fields, "num_cat", 0, _MOST, place)
    if count:
        bounds, words = (_integers(fields.get(key, ""), f"{place}, {key}") for key in _CATEGORIES)
        ascending = all(one < other for one, other in itertools.pairwise(bounds))
        if len(bounds) != count + 1 or bounds[0] != 0 or bounds[-1] != len(words) or not ascending:
            raise Corrupt("categories of a tree do not add up", place=place, found=bounds[-1] if bounds else None)
        if min(words) < 0 or max(words) >= 1 << 32:
            raise Corrupt("a set of categories is not 32 bits", place=place)
    return count


def _integer(fields: dict[str, str], key: str, low: int, high: int, place: str = "header") -> int:
    found = fields.get(key, "")
    if not re.fullmatch(r"[0-9]{1,10}", found) or not low <= int(found) <= high:
        expected = str(low) if low == high else f"a number from {low} to {high}"
        raise Corrupt("not the number it should be", place=f"{place}, {key}", found=found[:60], expected=expected)
    return int(found)


def _integers(text: str, place: str) -> list[int]:
    return _words(text, int, r"[-0-9 ]*", "whole numbers", place)


def _numbers(text: str, place: str) -> list[float]:
    return _words(text, float, r"[-+.0-9aefin ]*", "numbers", place)


def _words(text: str, read: Callable[[str], T], letters: str, expected: str, place: str) -> list[T]:
    """The numbers of a line, in the spelling that C++ knows: Python alone would read 1_000 too."""
    try:
        if re.fullmatch(letters, text):
            return [read(word) for word in text.split()]
    except ValueError:
        pass
    raise Corrupt("a list is not what it should be", place=place, found=text[:60], expected=expected)
