"""The model as an ONNX file: written whole and checked, read whole or refused."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from nlu_shared.kit.whole_files import whole_file
from onnx import TensorProto, checker, helper, numpy_helper
from onnxruntime.capi import onnxruntime_pybind11_state as states

from examples.retraining.model import BUCKETS, SHARPNESS, Matrix, Model, bags

OPSET, IR_VERSION = 17, 8
TOLERANCE = 1e-5
REFUSALS = (states.Fail, states.InvalidArgument, states.InvalidGraph, states.InvalidProtobuf)
INTENTS = "intents"
"""The one entry of metadata. It is the last thing in the file, so a file cut short lacks it."""


class UnreadableModel(Exception):
    """The file is no whole model of this kind."""


@dataclass(frozen=True, slots=True)
class Classifier:
    """A model file, opened. `version` is made of its bytes."""

    version: str
    intents: tuple[str, ...]
    _session: onnxruntime.InferenceSession

    def probabilities(self, texts: Sequence[str]) -> Matrix:
        """(texts, intents)."""
        (shares,) = self._session.run(None, {"bags": bags(texts)})
        share: Matrix = shares
        return share


def write(model: Model, path: Path) -> None:
    """Replaces the file once it is a valid one that says what numpy says. Raises ValueError."""
    proto = _graph(model)
    checker.check_model(proto, full_check=True)
    content = proto.SerializeToString()
    probe = np.random.Generator(np.random.PCG64(0)).random((8, BUCKETS), dtype=np.float32)
    (computed,) = _session(content).run(None, {"bags": probe})
    if not np.allclose(computed, model.probabilities(probe), atol=TOLERANCE):
        raise ValueError("onnxruntime and numpy disagree about this model.")
    with whole_file(path) as file:
        file.write(content)


def read(path: Path) -> Classifier:
    """Raises UnreadableModel for anything but a whole file, and OSError."""
    content = path.read_bytes()
    try:
        session = _session(content)
        kept = session.get_modelmeta().custom_metadata_map
        intents = tuple(json.loads(kept[INTENTS]))
    except (KeyError, ValueError, *REFUSALS) as broken:
        raise UnreadableModel(f"{path.name} is no whole model") from broken
    return Classifier(hashlib.sha256(content).hexdigest()[:12], intents, session)


def _session(content: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def _graph(model: Model) -> onnx.ModelProto:
    """bags → embed → length one → cosines → softmax."""
    constants = {"embedding": model.embedding, "prototypes": model.prototypes.T * SHARPNESS}
    nodes = [
        helper.make_node("MatMul", ["bags", "embedding"], ["embedded"]),
        helper.make_node("LpNormalization", ["embedded"], ["placed"], axis=1, p=2),
        helper.make_node("MatMul", ["placed", "prototypes"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    rows = "texts"
    graph = helper.make_graph(
        nodes,
        "intents-by-prototype",
        [helper.make_tensor_value_info("bags", TensorProto.FLOAT, [rows, BUCKETS])],
        [
            helper.make_tensor_value_info(
                "probabilities", TensorProto.FLOAT, [rows, len(model.intents)]
            )
        ],
        [
            numpy_helper.from_array(np.ascontiguousarray(value), name)
            for name, value in constants.items()
        ],
    )
    made = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )
    helper.set_model_props(made, {INTENTS: json.dumps(model.intents)})
    return made
