"""A GPU beside the processor: seconds of an epoch by units and batch, and when the GPU pays.

Run it with ``python benchmarks/gpu.py`` on a machine with a GPU; it is no part of ``make bench``.
skrnn's kernels train on the processor, Keras' layers (engine="keras") on the GPU, an LSTM of one
layer on 4,096 windows of 60 steps. The first epoch of Keras' layers includes tracing, so a GPU pays
from some number of epochs on. Without a GPU, Keras' layers train on the processor, to try the
script.
"""

from __future__ import annotations

import argparse
import math
import os
from statistics import median

import competitors
from epoch import epoch_timer_class
from run import cpu_model, figure, n_cores, version_of
from timing import call_in_fresh_process

N_STEPS = 60
UNITS, BATCH_SIZES = (16, 50, 128, 256, 512), (32, 256, 1024)
HEADER = ("units", "batch", "kernels", "Keras' layers", "ratio", "pays from epoch")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--device", choices=("auto", "gpu", "cpu"), default="auto", help="where Keras trains"
    )
    parser.add_argument("--quick", action="store_true", help="few windows and sizes, to try it")
    arguments = parser.parse_args()
    gpu = None if arguments.device == "cpu" else call_in_fresh_process("gpu", "find_gpu")
    if gpu is None:
        told = "TensorFlow sees no GPU" if arguments.device != "cpu" else "No GPU is wanted"
        if arguments.device == "gpu":
            raise SystemExit(f"{told}. See https://www.tensorflow.org/install/pip.")
        print(
            f"{told}: Keras' layers train on the processor, and the table says nothing about GPUs."
        )
    print(f"- Kernels: {cpu_model()}, {n_cores()} cores")
    print(f"- Keras' layers: {gpu or 'the same processor'}")
    print(f"- skrnn {version_of('skrnn')}, tensorflow {version_of('tensorflow')}\n")
    print(f"| {' | '.join(HEADER)} |\n|{' --- |' * len(HEADER)}")
    for units in UNITS[:2] if arguments.quick else UNITS:
        sizes = {"units": units, "n_windows": 512 if arguments.quick else 4096}
        kernels = measure_without_gpu("auto", **sizes)
        keras = (
            call_in_fresh_process("gpu", "seconds_of_epochs", engine="keras", **sizes)
            if gpu
            else measure_without_gpu("keras", **sizes)
        )
        for batch_size, ours, others in zip(BATCH_SIZES, kernels, keras, strict=True):
            row = (units, batch_size, *compare_epochs(ours, others))
            print(f"| {' | '.join(map(str, row))} |", flush=True)


def measure_without_gpu(engine: str, **sizes: int) -> list[list[float]]:
    """Return the seconds of epochs in a process that sees no GPU, so that "auto" means kernels."""
    before = os.environ.get("CUDA_VISIBLE_DEVICES")
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    try:
        return call_in_fresh_process("gpu", "seconds_of_epochs", engine=engine, **sizes)
    finally:
        del os.environ["CUDA_VISIBLE_DEVICES"]
        if before is not None:
            os.environ["CUDA_VISIBLE_DEVICES"] = before


def compare_epochs(ours: list[float], others: list[float]) -> tuple[str, ...]:
    """Return the typical epoch of both, their ratio, and the epoch from which the GPU is ahead."""
    our, other = median(ours[1:]), median(others[1:])
    lead = others[0] - ours[0]
    pays = str(1 + max(0, math.ceil(lead / (our - other)))) if other < our else "never"
    return figure(our, "s"), figure(other, "s"), figure(our / other), pays


def find_gpu() -> str | None:
    """Return the name of the first GPU that TensorFlow sees, if any."""
    import tensorflow as tf

    devices = tf.config.get_visible_devices("GPU")
    if not devices:
        return None
    return tf.config.experimental.get_device_details(devices[0]).get("device_name", "a GPU")


def seconds_of_epochs(engine: str, units: int, n_windows: int) -> list[list[float]]:
    """Return the seconds of the epochs of a fit, for each batch size."""
    import skrnn

    X, y = competitors.noisy_waves(n_windows, N_STEPS)
    EpochTimer = epoch_timer_class()
    seconds = []
    with skrnn.config_context(engine=engine):
        # The first fit of a process starts TensorFlow and its libraries for the GPU.
        competitors.skrnn_estimator("LSTM", (4,), 0.0, epochs=1).fit(X[:64], y[:64])
        for batch_size in BATCH_SIZES:
            estimator = competitors.skrnn_estimator(
                "LSTM", (units,), 0.0, epochs=4, batch_size=batch_size, callbacks=[EpochTimer()]
            )
            seconds.append(estimator.fit(X, y).callbacks[0].seconds)
    return seconds


if __name__ == "__main__":
    main()
