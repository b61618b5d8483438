#!/usr/bin/env python3
"""Times the grouped rational written with PyTorch's tensor operations, forward and backward, beside katune's kernels.

    python3 bench/compare_torch.py [ROWSxCHANNELS]

Needs PyTorch (Debian: python3-torch) and a built katune. Optional: nothing else uses it.
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import torch


def rational(x, num, den, groups):
    """Form A, one numerator for all groups and one denominator a group."""
    rows, channels = x.shape
    xg = x.view(rows, groups, channels // groups)
    p = sum(num[0, i] * xg**i for i in range(num.shape[1]))
    z = xg.abs()
    q = 1 + sum(den[:, i].abs().view(1, groups, 1) * z ** (i + 1) for i in range(den.shape[1]))
    return (p / q).view(rows, channels)


def median_ms(work, count=10):
    work()
    times = []
    for _ in range(count):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times)


def katune_ms(shape, op):
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "results.json")
        subprocess.run([os.path.join(root, "katune"), "bench", "--op", op, "--shape", shape, "--all-points",
                        "--only", "*avx*", "--time-budget", "0.2", "--quiet", "--json", path],
                       check=True, stdout=subprocess.DEVNULL)
        with open(path) as file:
            results = json.load(file)["results"]
    return min(r["time_us"]["median"] for r in results if "time_us" in r) / 1e3


def main():
    shape = sys.argv[1] if len(sys.argv) > 1 else "4096x3072"
    rows, channels = map(int, shape.split("x"))
    groups = 8
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    torch.manual_seed(1)
    x = torch.randn(rows, channels, requires_grad=True)
    num = torch.randn(1, 6, requires_grad=True)
    den = torch.randn(groups, 4, requires_grad=True)
    dy = torch.randn(rows, channels)
    with torch.no_grad():
        forward = median_ms(lambda: rational(x, num, den, groups), 5)
    both = median_ms(lambda: torch.autograd.grad(rational(x, num, den, groups), (x, num, den), dy), 5)
    ours_forward, ours_backward = katune_ms(shape, "rational_fwd"), katune_ms(shape, "rational_bwd")
    print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads, f32, {shape}, {groups} groups")
    print(f"forward   PyTorch {forward:8.1f} ms   katune {ours_forward:7.2f} ms   {forward / ours_forward:6.1f}x")
    print(f"backward  PyTorch {both - forward:8.1f} ms   katune {ours_backward:7.2f} ms   {(both - forward) / ours_backward:6.1f}x")


main()
