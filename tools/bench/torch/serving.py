"""The contestant's end of the line, for PyTorch."""

import json
import sys
import time

import numpy
import torch

torch.set_num_threads(int(sys.argv[1]))
folder = sys.argv[2]
FACTS = {"python": sys.version.split()[0], "torch": torch.__version__, "threads": torch.get_num_threads()}


def say(message):
    print(json.dumps(message), flush=True)


def floats(name):
    with open(f"{folder}/{name}", "rb") as file:
        return torch.frombuffer(bytearray(file.read()), dtype=torch.float32)


def pattern(shape, low, high, shift=0):
    """The numbers of pattern.ts."""
    count = int(numpy.prod(shape))
    numbers = (37 * numpy.arange(count) + shift) % 1009 + 0.25
    return torch.from_numpy((low + numbers * ((high - low) / 1009)).astype(numpy.float32).reshape(shape))


def magnitude(result):
    return result.double().abs().sum().item()


def serve(prepare):
    """`prepare(request)` makes a case ready: a function that does one step, and one from the last result to a number."""
    say({"ready": FACTS})
    key = None
    for line in sys.stdin:
        request = json.loads(line)
        steps = request.pop("steps")
        try:
            if key != request:
                step, value = prepare(request)
                key = request
            started = time.perf_counter()
            for _ in range(steps):
                result = step()
            elapsed = time.perf_counter() - started
            say({"msPerStep": elapsed * 1e3 / steps, "value": value(result)})
        except Exception as error:
            say({"unable": f"{type(error).__name__}: {error}"})
