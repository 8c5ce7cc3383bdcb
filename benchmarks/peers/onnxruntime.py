"""onnxruntime: models of one operator. Tuned, input and output are bound to arrays kept. It has no gradients."""

import numpy as np
import onnxruntime
from onnx import TensorProto, helper

from benchmarks.peers import threads

TYPES = {np.dtype(np.float32): TensorProto.FLOAT, np.dtype(np.int64): TensorProto.INT64}
NODES = {
    "log_softmax": lambda names: [helper.make_node("LogSoftmax", names, ["out"], axis=1)],
    "cross_entropy": lambda names: [helper.make_node("SoftmaxCrossEntropyLoss", names, ["out"], reduction="sum")],
    "mse_loss": lambda names: [
        helper.make_node("Sub", names, ["difference"]),
        helper.make_node("ReduceSumSquare", ["difference"], ["out"], keepdims=0),
    ],
}


def session(nodes, arrays, shape, count=None):
    """A model that runs on so many threads, `threads()` of them unless told otherwise."""
    inputs = [helper.make_tensor_value_info(name, TYPES[a.dtype], a.shape) for name, a in arrays.items()]
    output = helper.make_tensor_value_info("out", TensorProto.FLOAT, shape)
    graph = helper.make_graph(nodes, "loss", inputs, [output])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = count or threads(), 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def call(case, arrays, tuned):
    if case.loss not in NODES or case.verb != "value" or arrays[0].dtype not in TYPES:
        return None
    named = dict(zip("xy", arrays, strict=False))
    out = np.empty(arrays[0].shape if case.loss == "log_softmax" else (), np.float32)
    run = session(NODES[case.loss](list(named)), named, out.shape)
    if not tuned:
        return lambda: run.run(None, named)[0]
    bound = run.io_binding()
    for name, array in named.items():
        bound.bind_cpu_input(name, array)
    bound.bind_output("out", "cpu", 0, np.float32, out.shape, out.ctypes.data)

    def call():
        run.run_with_iobinding(bound)
        return out

    return call
