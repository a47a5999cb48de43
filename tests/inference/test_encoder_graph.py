"""The graphs that are written around an encoder's weights: int8 against float, on small random parameters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from proxy.inference.building.names import keep_apart
from proxy.inference.building.splice import HEADS, LAYERS, Parameters, calibrated, encoder

_WIDTH = 2 * HEADS
_INNER = 4 * _WIDTH
_VOCABULARY = 2**15
_LABELS = 3

Session = Any


def _parameters() -> Parameters:
    """An encoder's, narrow but with the layers and heads that `encoder` expects."""
    random = np.random.default_rng(7)

    def drawn(*shape: int) -> NDArray[Any]:
        return np.asarray(random.standard_normal(shape) / np.sqrt(shape[0]), dtype=np.float32)

    found: Parameters = {
        "embeddings.word_embeddings.weight": random.standard_normal((_VOCABULARY, _WIDTH)).astype(np.float32),
        "embeddings.position_embeddings.weight": drawn(128, _WIDTH),
        "embeddings.token_type_embeddings.weight": drawn(2, _WIDTH),
        "head.weight": drawn(3 * _WIDTH, _LABELS),
        "head.bias": drawn(_LABELS),
    }
    normalized = ["embeddings"]
    for layer in (f"layer.{index}" for index in range(LAYERS)):
        sizes = {f"attention.self.{part}": (_WIDTH, _WIDTH) for part in ("query", "key", "value")}
        sizes |= {"attention.output.dense": (_WIDTH, _WIDTH)}
        sizes |= {"intermediate.dense": (_WIDTH, _INNER), "output.dense": (_INNER, _WIDTH)}
        for name, size in sizes.items():
            found |= {f"{layer}.{name}.weight": drawn(*size), f"{layer}.{name}.bias": drawn(size[1])}
        normalized += [f"{layer}.attention.output", f"{layer}.output"]
    for name in normalized:
        found |= {
            f"{name}.LayerNorm.weight": np.ones(_WIDTH, np.float32),
            f"{name}.LayerNorm.bias": np.zeros(_WIDTH, np.float32),
        }
    return found


def _session(model: onnx.ModelProto) -> Session:
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def sessions() -> tuple[Session, Session]:
    """The same encoder in float and in int8."""
    parameters = _parameters()
    exact, sources = encoder(parameters)
    whole = _session(exact)
    return whole, _session(encoder(parameters, calibrated(exact, sources))[0])


def _logits(session: Session, texts: list[list[int]]) -> NDArray[Any]:
    ids = np.zeros((len(texts), max(map(len, texts))), np.int64)
    mask = np.zeros_like(ids)
    for row, text in enumerate(texts):
        ids[row, : len(text)], mask[row, : len(text)] = text, 1
    logits: NDArray[Any] = session.run(["logits"], {"input_ids": ids, "attention_mask": mask})[0]
    return logits


_TEXT = st.lists(st.integers(1, _VOCABULARY - 1), min_size=1, max_size=40)


@given(text=_TEXT)
@settings(max_examples=40, deadline=None)
def test_int8_is_near_float(sessions: tuple[Session, Session], text: list[int]) -> None:
    exact, rounded = (_logits(session, [text]) for session in sessions)
    assert rounded == pytest.approx(exact, abs=0.5)


@given(texts=st.lists(_TEXT, min_size=2, max_size=6))
@settings(max_examples=40, deadline=None)
def test_logits_do_not_depend_on_the_texts_beside(sessions: tuple[Session, Session], texts: list[list[int]]) -> None:
    together = _logits(sessions[1], texts)
    alone = np.concatenate([_logits(sessions[1], [text]) for text in texts])
    assert together == pytest.approx(alone, abs=1e-5)


def _added_and_normalized() -> onnx.ModelProto:
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 4]) for name in "xy")
    held = [numpy_helper.from_array(np.arange(1, 5, dtype=np.float32), name) for name in ("weight", "bias")]
    nodes = [
        helper.make_node("Add", ["x", "x"], ["twice"]),
        helper.make_node("Add", ["twice", "bias"], ["sum"]),
        helper.make_node("LayerNormalization", ["sum", "weight", "bias"], ["y"]),
    ]
    graph = helper.make_graph(nodes, "residual", [x], [y], held)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def test_a_sum_that_is_normalized_is_kept_apart_and_equal() -> None:
    model = _added_and_normalized()
    x = {"x": np.random.default_rng(1).standard_normal((3, 4)).astype(np.float32)}
    before = _session(model).run(None, x)[0]
    keep_apart(model)
    assert [node.op_type for node in model.graph.node] == ["Add", "Sum", "LayerNormalization"]
    assert _session(model).run(None, x)[0] == pytest.approx(before, abs=1e-5)
