"""Checks ../onnx/graph.hex with the Python package onnx: the bytes parse, hold exactly the model that is built here with
onnx.helper, pass onnx.checker with their external weights in place, and compute what numpy computes.

    npx vitest run test/daemon/onnx/serialize.test.ts -u     # writes graph.hex from the serialiser
    python test/golden/make/onnx_graph.py                    # judges it; recorded with onnx 1.23.2
"""
import pathlib
import tempfile

import numpy as np
import onnx
from onnx import TensorProto as T, helper as h

HERE = pathlib.Path(__file__).resolve().parent.parent / "onnx"
WEIGHTS = "weights/tiny.safetensors"


def external(name, dtype, shape, offset, length):
    tensor = T(name=name, data_type=dtype, dims=shape, data_location=T.EXTERNAL)
    for key, value in (("location", WEIGHTS), ("offset", offset), ("length", length)):
        tensor.external_data.add(key=key, value=str(value))
    return tensor


def raw(name, array):
    return T(name=name, data_type=h.np_dtype_to_tensor_dtype(array.dtype), dims=array.shape, raw_data=array.tobytes())


def expected(names):
    """The model of the test, with the names that the serialiser gave to values, constants and nodes."""
    value, constant = iter(names["values"]), iter(names["constants"])
    v = [next(value) for _ in names["values"]]
    c = [next(constant) for _ in names["constants"]]
    i64 = lambda *numbers: np.array(numbers, np.int64)
    f32 = lambda *numbers: np.array(numbers, np.float32)
    nodes = [
        ("Resize", ["x", "", "", c[0]], [v[0]], dict(mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")),
        ("Reshape", [v[0], c[1]], [v[1]], {}),
        ("Cast", ["proj.weight"], [v[2]], dict(to=T.FLOAT)),
        ("MatMul", [v[1], v[2]], [v[3]], {}),
        ("Cast", ["proj.weight"], [v[4]], dict(to=T.FLOAT)),
        ("MatMul", [v[3], v[4]], [v[5]], {}),
        ("Pad", [v[5], c[2]], [v[6]], {}),
        ("Split", [v[6]], [v[7], v[8]], dict(axis=2, num_outputs=2)),
        ("QuickGelu", [v[7]], [v[9]], dict(alpha=1.702, domain="com.microsoft")),
        ("Clip", [v[8], c[3], c[4]], [v[10]], {}),
        ("Mul", [v[9], v[10]], [v[11]], {}),
        ("Transpose", [v[11]], ["y"], dict(perm=[0, 2, 1])),
        ("Gather", ["table.weight", "ids"], ["picked"], dict(axis=0)),
    ]
    made = [h.make_node(op, ins, outs, f"{op}_{i}", **kw) for i, (op, ins, outs, kw) in enumerate(nodes)]
    made.append(h.make_node("Identity", ["x"], ["x_again"], "Identity_x_again"))
    constants = [raw(name, array) for name, array in zip(c, [i64(1, 4, 4, 4), i64(1, 16, 4), i64(0, 0, 0, 0, 0, 2), f32(-1).reshape(()), f32(1).reshape(())])]
    weights = [external("proj.weight", T.FLOAT16, [4, 4], 4096, 32), external("table.weight", T.FLOAT, [8, 2], 0, 64)]
    info = h.make_tensor_value_info
    inputs = [info("x", T.FLOAT, [1, 4, 2, 2]), info("ids", T.INT64, [3])]
    outputs = [info("y", T.FLOAT, [1, 3, 16]), info("picked", T.FLOAT, [3, 2]), info("x_again", T.FLOAT, [1, 4, 2, 2])]
    graph = h.make_graph(made, "diffusion", inputs, outputs, constants + weights)
    opsets = [h.make_opsetid("", 21), h.make_opsetid("com.microsoft", 1)]
    return h.make_model(graph, opset_imports=opsets, ir_version=10)


def in_one_order(model):
    """Initialisers by name and attributes by name: their order means nothing."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for holder, field in [(copy.graph, "initializer"), *((n, "attribute") for n in copy.graph.node)]:
        items = sorted(getattr(holder, field), key=lambda item: item.name)
        holder.ClearField(field)
        getattr(holder, field).extend(items)
    return copy


def names_of(model):
    values = [o for n in model.graph.node for o in n.output if o.startswith("value_")]
    used = [i for n in model.graph.node for i in n.input if i.startswith("constant_")]
    return {"values": values, "constants": list(dict.fromkeys(used))}


def check_with_weights(model, weights):
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder) / WEIGHTS
        place.parent.mkdir()
        place.write_bytes(weights)
        path = pathlib.Path(folder) / "model.onnx"
        path.write_bytes(model.SerializeToString())
        onnx.checker.check_model(str(path), full_check=True)
        return onnx.load(str(path))


def run(model, feeds):
    """The plain nodes by onnx's reference evaluator; QuickGelu, which it has not, by its definition."""
    from onnx.reference import ReferenceEvaluator
    from onnx.reference.op_run import OpRun

    class QuickGelu(OpRun):
        op_domain = "com.microsoft"

        def _run(self, x, alpha=None):
            return ((x / (1 + np.exp(-alpha * x))).astype(np.float32),)

    return ReferenceEvaluator(model, new_ops=[QuickGelu]).run(None, feeds)


def by_numpy(x, ids, table, w):
    big = x.repeat(2, axis=2).repeat(2, axis=3).reshape(1, 16, 4)
    product = np.pad(big @ w @ w, ((0, 0), (0, 0), (0, 2)))
    left, right = product[..., :3], product[..., 3:]
    y = (left / (1 + np.exp(-1.702 * left)) * right.clip(-1, 1)).transpose(0, 2, 1)
    return y, table[ids], x


def main():
    model = onnx.ModelProto()
    model.ParseFromString(bytes.fromhex("".join((HERE / "graph.hex").read_text().split())))
    want = expected(names_of(model))
    assert in_one_order(model) == in_one_order(want), "the model differs from the one built with onnx.helper"
    draw = np.random.default_rng(0)
    table, w = draw.normal(size=(8, 2)).astype(np.float32), draw.normal(size=(4, 4)).astype(np.float16)
    loaded = check_with_weights(model, table.tobytes().ljust(4096, b"\0") + w.tobytes())
    feeds = {"x": draw.normal(size=(1, 4, 2, 2)).astype(np.float32), "ids": np.array([7, 0, 3])}
    for got, right in zip(run(loaded, feeds), by_numpy(feeds["x"], feeds["ids"], table, w.astype(np.float32)), strict=True):
        np.testing.assert_allclose(got, right, rtol=1e-5, atol=1e-6)
    print(f"graph.hex is a valid model of {len(model.graph.node)} nodes")


if __name__ == "__main__":
    main()
