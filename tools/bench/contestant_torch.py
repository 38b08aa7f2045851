"""usage: contestant_torch.py <threads> <network> <items file>

`dense`, the VAE of PyTorch's own examples (784-400-20, Bernoulli, Adam), or `conv`, one with convolutions; eager, on the CPU. One line
of JSON per request.
"""

import json
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

threads, network, items_file = int(sys.argv[1]), sys.argv[2], sys.argv[3]
torch.set_num_threads(threads)
with open(items_file, "rb") as file:
    items = torch.frombuffer(bytearray(file.read()), dtype=torch.float32).reshape(-1, 784)


class Dense(nn.Module):
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


class Conv(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 4, stride=2, padding=1)
        self.conv2 = nn.Conv2d(32, 64, 4, stride=2, padding=1)
        self.fc1 = nn.Linear(3136, 256)
        self.fc21 = nn.Linear(256, 32)
        self.fc22 = nn.Linear(256, 32)
        self.fc3 = nn.Linear(32, 256)
        self.fc4 = nn.Linear(256, 3136)
        self.conv3 = nn.ConvTranspose2d(64, 32, 4, stride=2, padding=1)
        self.conv4 = nn.ConvTranspose2d(32, 1, 4, stride=2, padding=1)

    def forward(self, x):
        h = F.relu(self.conv2(F.relu(self.conv1(x.view(-1, 1, 28, 28)))))
        h = F.relu(self.fc1(h.flatten(1)))
        mu, logvar = self.fc21(h), self.fc22(h)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        h = F.relu(self.fc4(F.relu(self.fc3(z)))).view(-1, 64, 7, 7)
        return torch.sigmoid(self.conv4(F.relu(self.conv3(h)))).flatten(1), mu, logvar


torch.manual_seed(1)
model = {"dense": Dense, "conv": Conv}[network]()
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
