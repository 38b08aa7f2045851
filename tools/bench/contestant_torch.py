"""usage: contestant_torch.py <threads> <items file>

The VAE of PyTorch's own examples (784-400-20, Bernoulli, Adam), eager, on the CPU. One line of JSON per request.
"""

import json
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

threads, items_file = int(sys.argv[1]), sys.argv[2]
torch.set_num_threads(threads)
with open(items_file, "rb") as file:
    items = torch.frombuffer(bytearray(file.read()), dtype=torch.float32).reshape(-1, 784)


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(784, 400)
        self.fc21 = nn.Linear(400, 20)
        self.fc22 = nn.Linear(400, 20)
        self.fc3 = nn.Linear(20, 400)
        self.fc4 = nn.Linear(400, 784)

    def forward(self, x):
        h = F.relu(self.fc1(x))
        mu, logvar = self.fc21(h), self.fc22(h)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z)))), mu, logvar


torch.manual_seed(1)
model = VAE()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
done = 0


def train(batch):
    global done
    start = done % (len(items) // batch) * batch
    done += 1
    x = items[start : start + batch]
    optimizer.zero_grad(set_to_none=True)
    x_hat, mu, logvar = model(x)
    reconstruction = F.binary_cross_entropy(x_hat, x, reduction="sum")
    kl = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    loss = (reconstruction + kl) / batch
    loss.backward()
    optimizer.step()
    return loss


def say(message):
    print(json.dumps(message), flush=True)


say({"ready": {"python": sys.version.split()[0], "torch": torch.__version__, "threads": torch.get_num_threads()}})
for line in sys.stdin:
    request = json.loads(line)
    started = time.perf_counter()
    for _ in range(request["steps"]):
        loss = train(request["batch"])
    value = loss.item()
    say({"msPerStep": (time.perf_counter() - started) * 1e3 / request["steps"], "loss": value})
