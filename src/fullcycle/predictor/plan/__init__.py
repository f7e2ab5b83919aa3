"""The feature plan: operations in JSON that turn a row into what the model sees, on columns and on one row alike.

Training and batches run it on columns (:meth:`Plan.matrix`), requests on one row (:meth:`Plan.compile`). Both give the
same bits, so that what a model sees in production is what it learnt from.
"""

from __future__ import annotations

from fullcycle.predictor.plan.analyser import Analyser
from fullcycle.predictor.plan.arithmetic import (
    Absolute,
    Add,
    Bin,
    Clip,
    Divide,
    Log1p,
    Maximum,
    Minimum,
    Multiply,
    Negate,
    Number,
    Power,
    Projection,
    Standardise,
    Subtract,
)
from fullcycle.predictor.plan.calendar import Calendar
from fullcycle.predictor.plan.cyclic import Cyclic
from fullcycle.predictor.plan.embedding import Embedding
from fullcycle.predictor.plan.frames import Input, frame_slots
from fullcycle.predictor.plan.interpolate import Interpolate
from fullcycle.predictor.plan.logic import Both, Choose, Compare, Either, Impute, Invert, Missing
from fullcycle.predictor.plan.operation import OPERATIONS, Operation, register
from fullcycle.predictor.plan.plan import VERSION, Plan
from fullcycle.predictor.plan.strings import Equals, Hash, Join, Lookup, Text
from fullcycle.predictor.plan.text import BagOfWords, Dot, Element, TermHash, TfIdf
from fullcycle.predictor.plan.token_ids import TokenIds
from fullcycle.predictor.plan.zones import zone_offsets

__all__ = [
    "OPERATIONS",
    "VERSION",
    "Absolute",
    "Add",
    "Analyser",
    "BagOfWords",
    "Bin",
    "Both",
    "Calendar",
    "Choose",
    "Clip",
    "Compare",
    "Cyclic",
    "Divide",
    "Dot",
    "Either",
    "Element",
    "Embedding",
    "Equals",
    "Hash",
    "Impute",
    "Input",
    "Interpolate",
    "Invert",
    "Join",
    "Log1p",
    "Lookup",
    "Maximum",
    "Minimum",
    "Missing",
    "Multiply",
    "Negate",
    "Number",
    "Operation",
    "Plan",
    "Power",
    "Projection",
    "Standardise",
    "Subtract",
    "TermHash",
    "Text",
    "TfIdf",
    "TokenIds",
    "frame_slots",
    "register",
    "zone_offsets",
]
