"""The transformer in JAX: an encoder as BERT's, the mean of its pieces, and a linear head.

Devlin et al. 2019, *BERT*; its activation is GELU (Hendrycks and Gimpel 2016), its layers are normalised after each sum.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

from fullcycle.development.learners.transformer.weights import HEADS, LAYERS, TINY, WIDTH

Arrays: TypeAlias = dict[str, Any]  # JAX's own arrays, by name
PADDING = 0  # the number of the piece that stands behind a text's end
_FAR = -1e9  # a score of attention that comes to nothing


def embedded(weights: Arrays, ids: Any) -> Any:
    """The embedding of each text, (n, WIDTH): the mean of its pieces, of variance one.

    Parameters
    ----------
    ids : (n, length) numbers of pieces, ``PADDING`` behind the end.
    """
    import jax.numpy as jnp

    known = ids != PADDING
    at = weights["embeddings.position_embeddings.weight"][: ids.shape[1]]
    kind = weights["embeddings.token_type_embeddings.weight"][0]
    states = _normal(weights, "embeddings.LayerNorm", weights["embeddings.word_embeddings.weight"][ids] + at + kind)
    far = jnp.where(known, 0.0, _FAR)[:, None, None, :]
    for number in range(LAYERS):
        states = _layer(weights, f"encoder.layer.{number}", states, far)
    shares = known / jnp.maximum(known.sum(axis=1, keepdims=True), 1)
    mean = (states * shares[:, :, None]).sum(axis=1)
    return mean / jnp.sqrt((mean * mean).sum(axis=1, keepdims=True)) * math.sqrt(WIDTH)


def losses(logits: Any, target: Any, task: str) -> Any:
    """The loss of each row, (n,): log loss in nats, or half the squared error.

    Parameters
    ----------
    target : (n, outputs) 0 and 1, or standardised numbers.
    """
    import jax

    if task == "regression":
        return 0.5 * ((logits - target) ** 2).sum(axis=1)
    if task == "binary":
        return (jax.nn.softplus(logits) - target * logits).sum(axis=1)
    return -(target * jax.nn.log_softmax(logits)).sum(axis=1)


def _layer(weights: Arrays, name: str, states: Any, far: Any) -> Any:
    import jax

    joined = _attended(weights, f"{name}.attention.self", states, far)
    summed = states + _dense(weights, f"{name}.attention.output.dense", joined)
    states = _normal(weights, f"{name}.attention.output.LayerNorm", summed)
    inner = jax.nn.gelu(_dense(weights, f"{name}.intermediate.dense", states), approximate=False)
    return _normal(weights, f"{name}.output.LayerNorm", states + _dense(weights, f"{name}.output.dense", inner))


def _attended(weights: Arrays, name: str, states: Any, far: Any) -> Any:
    import jax
    import jax.numpy as jnp

    n, length, width = states.shape
    query, key, value = (
        _dense(weights, f"{name}.{part}", states).reshape(n, length, HEADS, width // HEADS)
        for part in ("query", "key", "value")
    )
    scores = jnp.einsum("nqhd,nkhd->nhqk", query, key) / math.sqrt(width // HEADS) + far
    return jnp.einsum("nhqk,nkhd->nqhd", jax.nn.softmax(scores), value).reshape(n, length, width)


def _dense(weights: Arrays, name: str, inputs: Any) -> Any:
    return inputs @ weights[f"{name}.weight"] + weights[f"{name}.bias"]


def _normal(weights: Arrays, name: str, inputs: Any) -> Any:
    import jax.numpy as jnp

    centred = inputs - inputs.mean(axis=-1, keepdims=True)
    variance = (centred * centred).mean(axis=-1, keepdims=True)
    return centred / jnp.sqrt(variance + TINY) * weights[f"{name}.weight"] + weights[f"{name}.bias"]
