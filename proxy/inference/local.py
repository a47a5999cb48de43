"""Local models: an ONNX graph on disk, run by onnxruntime, and what its outputs mean."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from proxy.guard.checks import Entity, Reading
from proxy.inference.onnx_directory import GRAPH, TOKENIZER, ModelDirectory, Task
from proxy.inference.tokens import Piece, Tokens, load_tokens

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

T = TypeVar("T")

MOST_TOGETHER = 16
"""Texts, or pieces of them, in one inference: more gain nothing on a processor, and memory grows with them."""
LEAST_SCORE = 0.1
"""Entities that are less probable than this are not reported at all; detectors set their thresholds above."""

_INPUTS = {"input_ids", "attention_mask", "token_type_ids"}
_OUTPUTS = {Task.SEQUENCE: ("logits", 2), Task.TOKEN: ("logits", 3), Task.FEATURES: ("last_hidden_state", 3)}
_SAME = 1e-5
"""How much an output may depend on what else is in the batch, and still count as independent of it."""
_PROBES = ("Is it?", "A sentence of a few more words, so that the shorter one has to be padded to stand beside it.")


@dataclass(frozen=True, slots=True)
class Output:
    """What a model says about one piece of a text."""

    piece: Piece
    values: NDArray[np.float32]
    """``[label]`` for sequences, ``[token, label]`` for tokens, ``[token, width]`` for features."""


Head = Callable[[ModelDirectory, Sequence[Output]], T]
"""What makes a result of the outputs for all pieces of one text."""


class OnnxModel:
    """The model of a directory, loaded when it is first used. May be called from several threads at once."""

    def __init__(self, directory: ModelDirectory) -> None:
        self.directory = directory
        self._lock = threading.Lock()
        self._failure: ValueError | None = None
        self._loaded: tuple[Any, Tokens] | None = None
        self._most = 1

    @property
    def most_together(self) -> int:
        """How many texts one call should have.

        It is 1 until the model is loaded, and stays so for a model whose answer to one text depends on the others:
        dynamic quantization takes its scale from the whole batch, and a verdict must be a function of its own text.
        """
        return self._most

    def read(self, texts: Sequence[str], head: Head[T]) -> list[T]:
        """Run the pieces of ``texts``, at most ``MOST_TOGETHER`` in one inference; return what ``head`` makes of each
        text. Blocks; raises ValueError and OSError where the model cannot be loaded or does not fit its description,
        and what onnxruntime raises."""
        session, tokens = self._load()
        cut = [tokens.pieces(text) for text in texts]
        whole = [piece for pieces in cut for piece in pieces]
        values: list[NDArray[np.float32]] = []
        for start in range(0, len(whole), MOST_TOGETHER):
            values.extend(self._run(session, tokens, whole[start : start + MOST_TOGETHER]))
        results, at = [], 0
        for pieces in cut:
            mine = zip(pieces, values[at : at + len(pieces)], strict=True)
            results.append(head(self.directory, [self._output(piece, value) for piece, value in mine]))
            at += len(pieces)
        return results

    def _output(self, piece: Piece, value: NDArray[np.float32]) -> Output:
        return Output(piece, value if self.directory.task is Task.SEQUENCE else value[: len(piece.ids)])

    def _load(self) -> tuple[Any, Tokens]:
        if self._loaded is None:
            with self._lock:
                if self._failure is not None:
                    raise self._failure
                if self._loaded is None:
                    try:
                        self._loaded = self._open()
                    except ValueError as error:
                        # Files that do not fit would not fit again, slowly; a lack of memory or of files may pass.
                        self._failure = error
                        raise
        return self._loaded

    def _open(self) -> tuple[Any, Tokens]:
        path = self.directory.path
        tokens = load_tokens(path / TOKENIZER, self.directory.max_tokens)
        session = _session(str(path / GRAPH))
        self._check(session)
        alone = [self._run(session, tokens, tokens.pieces(probe))[0] for probe in _PROBES]
        together = self._run(session, tokens, [tokens.pieces(probe)[0] for probe in _PROBES])
        gap = max(float(abs(a - b[: len(a)]).max()) for a, b in zip(alone, together, strict=True))
        self._most = MOST_TOGETHER if gap <= _SAME else 1
        return session, tokens

    def _check(self, session: Any) -> None:
        wanted, rank = _OUTPUTS[self.directory.task]
        inputs = {given.name: given.type for given in session.get_inputs()}
        shapes = {given.name: given.shape for given in session.get_outputs()}
        where = self.directory.path / GRAPH
        if not inputs.keys() <= _INPUTS or set(inputs.values()) != {"tensor(int64)"}:
            raise ValueError(f"{where}: expected the inputs {', '.join(sorted(_INPUTS))} of 64-bit integers")
        if len(shapes.get(wanted, ())) != rank:
            raise ValueError(f"{where}: expected an output `{wanted}` of {rank} dimensions")

    def _run(self, session: Any, tokens: Tokens, pieces: Sequence[Piece]) -> NDArray[np.float32]:
        import numpy as np

        batch = tokens.batch(pieces)
        feed = {given.name: batch[given.name] for given in session.get_inputs()}
        values: NDArray[np.float32] = session.run([_OUTPUTS[self.directory.task][0]], feed)[0]
        labels = len(self.directory.labels)
        if labels and values.shape[-1] != labels:
            raise ValueError(f"{self.directory.path}: {values.shape[-1]} outputs, but id2label names {labels}")
        if not np.isfinite(values).all():
            raise ValueError(f"{self.directory.path}: the model's output is not finite")
        return values


def _session(path: str) -> Any:
    import onnxruntime
    from onnxruntime.capi.onnxruntime_pybind11_state import InvalidGraph, InvalidProtobuf

    options = onnxruntime.SessionOptions()
    # Several windows at once use several cores better than one window does.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # An arena keeps what the largest batch needed for good.
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except (InvalidGraph, InvalidProtobuf) as error:
        raise ValueError(f"{path} is no model: {error}") from None


def classification(directory: ModelDirectory, outputs: Sequence[Output]) -> Reading:
    """Probabilities by label. Of a text in several pieces they are each label's greatest where labels are independent;
    labels that share one have those of the worst piece, where the harmless label has the least."""
    import numpy as np

    logits = np.stack([output.values for output in outputs]).astype(np.float64) / directory.temperature
    if directory.independent_labels:
        scores = _sigmoid(logits).max(axis=0)
    else:
        shares = _softmax(logits)
        scores = shares[shares[:, directory.harmless].argmin()]
    return Reading(scores=dict(zip(directory.labels, scores.tolist(), strict=True)))


def recognition(directory: ModelDirectory, outputs: Sequence[Output]) -> Reading:
    """The entities that the tokens of a text make up."""
    import numpy as np

    from proxy.inference.entities import entities

    rows, offsets = [], []
    for output in outputs:
        own = [at for at, mine in enumerate(output.piece.own) if mine]
        rows.append(output.values[own])
        offsets += [output.piece.offsets[at] for at in own]
    logits = np.concatenate(rows) / directory.temperature
    found = entities(logits, offsets, directory.labels, LEAST_SCORE)
    return Reading(entities=tuple(Entity(*entity) for entity in found))


def _sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    # The form that cannot overflow.
    result: NDArray[np.float64] = np.exp(-np.logaddexp(0.0, -logits))
    return result


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    result: NDArray[np.float64] = powers / powers.sum(axis=-1, keepdims=True)
    return result
