"""usage: link.py <steps> <batch>

The (7,4) link of the reproduction `channel-speed`, eager, on one thread, as a user of PyTorch writes it: the steps per
second of processor time as JSON.
"""

import json
import math
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

MESSAGES, USES, HIDDEN = 16, 7, 64
NOISE = math.sqrt(1 / (2 * (4 / USES) * 10**0.3))

steps, batch = int(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(1)
torch.manual_seed(1)

table = nn.Embedding(MESSAGES, USES)
receiver = nn.Sequential(nn.Linear(USES, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, MESSAGES))
optimiser = torch.optim.Adam([*table.parameters(), *receiver.parameters()], lr=1e-3)
label = torch.arange(batch) % MESSAGES


def step():
    codebook = table.weight / table.weight.pow(2).mean(dim=1, keepdim=True).sqrt()
    sent = codebook[label]
    loss = F.cross_entropy(receiver(sent + NOISE * torch.randn_like(sent)), label)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    optimiser.step()
    return loss.item()


for _ in range(100):
    step()
began = time.process_time()
for _ in range(steps):
    last = step()
seconds = time.process_time() - began
print(json.dumps({"stepsPerSecond": steps / seconds, "loss": last, "torch": torch.__version__}))
