"""usage: ops.py <threads> <folder>"""

import json

import torch
import torch.nn.functional as F
from serving import magnitude, pattern, serve


def operand(one, shift):
    values = pattern((one["rows"], one["columns"]), one["low"], one["high"], shift)
    return values[:, 0].long() if one.get("ids") else values


def prepare(request):
    shapes = json.loads(request["operands"])
    operands = [operand(one, 500 * i) for i, one in enumerate(shapes)]
    operation = eval(f"lambda x, y: {request['python']}", {"torch": torch, "F": F})
    x, y = operands[0], operands[-1]

    def step():
        with torch.no_grad():
            return operation(x, y)

    return step, magnitude


serve(prepare)
