"""An ONNX graph under construction, whose products are computed in float or, once ranges are known, in int8."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

Array = npt.NDArray[Any]
Ranges = dict[str, tuple[float, float]]
"""Least and greatest value of a tensor, by its name; 0 lies between them."""

CONTRIB: Final = "com.microsoft"
"""The domain of onnxruntime's own operators."""
_LIMIT: Final = 127


class Graph:
    """A graph under construction: each method adds nodes and returns the name of what they compute.

    With `ranges` (least and greatest value by the name of a tensor) the products are computed in int8, without it in
    float, and `sources` lists the tensors whose ranges int8 needs.
    """

    def __init__(self, ranges: Ranges | None = None) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.sources: list[str] = []
        self._ranges = ranges

    def constant(self, name: str, array: Array) -> str:
        self.initializers.append(numpy_helper.from_array(np.asarray(array, order="C"), name))
        return name

    def add(self, operator: str, *inputs: str, output: str = "", domain: str = "", **attributes: Any) -> str:
        result = output or f"{operator}_{len(self.nodes)}"
        node = helper.make_node(operator, list(inputs), [result], name=f"node_{result}", domain=domain, **attributes)
        self.nodes.append(node)
        return result

    def looked_up(self, name: str, table: Array, index: str) -> str:
        """Rows of `table`, which is stored in 256 steps."""
        if self._ranges is None:
            return self.add("Gather", self.constant(name, table), index)
        scale, zero = _steps(min(float(table.min()), 0.0), max(float(table.max()), 0.0))
        stored = np.clip(np.rint(table / scale) + zero, 0, 255).astype(np.uint8)
        rows = self.add("Gather", self.constant(name, stored), index)
        return self.add("DequantizeLinear", rows, *self._scale(name, scale, zero))

    def product(self, name: str, source: str, kernel: Array, bias: Array) -> str:
        """`source` [..., inputs] times `kernel` [inputs, outputs] plus `bias`."""
        output, added = f"{name}.output", self.constant(f"{name}.bias", bias)
        if self._ranges is None:
            self.sources.append(source)
            result = self.add("MatMul", source, self.constant(f"{name}.weight", kernel))
            return self.add("Add", result, added, output=output)
        values, scale, zero = self._quantized(source)
        weight, weight_scale, weight_zero = self._kernel(name, kernel)
        factors = (values, weight, scale, weight_scale, zero, weight_zero)
        return self.add("MatMulIntegerToFloat", *factors, added, domain=CONTRIB, output=output)

    def attention(self, name: str, source: str, kernel: Array, bias: Array, heads: int) -> str:
        """Self-attention over `source`, whose query, key and value stand side by side in `kernel`."""
        output, added = f"{name}.context", self.constant(f"{name}.bias", bias)
        if self._ranges is None:
            self.sources.append(source)
            weight = self.constant(f"{name}.weight", kernel)
            return self.add("Attention", source, weight, added, "mask", domain=CONTRIB, num_heads=heads, output=output)
        values, scale, zero = self._quantized(source)
        weight, weight_scale, weight_zero = self._kernel(name, kernel)
        inputs = (values, weight, added, scale, weight_scale, "mask", zero, weight_zero)
        return self.add("QAttention", *inputs, domain=CONTRIB, num_heads=heads, output=output)

    def _quantized(self, source: str) -> tuple[str, str, str]:
        values, scale, zero = (f"{source}.{part}" for part in ("quantized", "scale", "zero"))
        assert self._ranges is not None
        self._scale(source, *_steps(*self._ranges[source]))
        return self.add("QuantizeLinear", source, scale, zero, output=values), scale, zero

    def _kernel(self, name: str, kernel: Array) -> tuple[str, str, str]:
        stored, scale = int8(kernel)
        weight = self.constant(f"{name}.weight", stored), self.constant(f"{name}.weight.scale", scale)
        return *weight, self.constant(f"{name}.weight.zero", np.zeros(len(scale), np.int8))

    def _scale(self, name: str, scale: float, zero: int) -> tuple[str, str]:
        return (
            self.constant(f"{name}.scale", np.array(scale, np.float32)),
            self.constant(f"{name}.zero", np.array(zero, np.uint8)),
        )


def _steps(least: float, greatest: float) -> tuple[float, int]:
    """Scale and zero point of 256 steps from `least` (at most 0) to `greatest` (at least 0)."""
    scale = max(greatest - least, 1e-6) / 255
    return scale, int(np.clip(np.rint(-least / scale), 0, 255))


def int8(kernel: Array) -> tuple[Array, Array]:
    """`kernel` [inputs, outputs] in steps of -127 to 127, and the size of a step for each output."""
    scale = np.maximum(np.abs(kernel).max(axis=0), np.float32(1e-12)) / _LIMIT
    return np.rint(kernel / scale).astype(np.int8), scale.astype(np.float32)
