"""usage: train.py <threads> <folder>

What the bench trains, eager, on the CPU, as a user of PyTorch writes it.
"""

import math

import torch
import torch.nn.functional as F
from serving import floats, serve
from torch import nn

MESSAGES, USES = 16, 7
NOISE = math.sqrt(1 / (2 * (4 / USES) * 10**0.7))

digits = floats("items.f32").reshape(-1, 784)
messages = torch.tensor([37 * i % 1009 % MESSAGES for i in range(2048)])


def negative_elbo(x_hat, x, mu, logvar):
    reconstruction = F.binary_cross_entropy(x_hat, x, reduction="sum")
    kl = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return (reconstruction + kl) / len(x)


def draw(mu, logvar):
    return mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)


class VAE(nn.Module):
    """That of PyTorch's own examples: 784-400-20, Bernoulli."""

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
        x_hat = torch.sigmoid(self.fc4(F.relu(self.fc3(draw(mu, logvar)))))
        return negative_elbo(x_hat, x, mu, logvar)


class ConvolutionalVAE(nn.Module):
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
        h = F.relu(self.fc4(F.relu(self.fc3(draw(mu, logvar))))).view(-1, 64, 7, 7)
        x_hat = torch.sigmoid(self.conv4(F.relu(self.conv3(h)))).flatten(1)
        return negative_elbo(x_hat, x, mu, logvar)


class ChannelAutoencoder(nn.Module):
    """16 messages over 7 real uses of a channel with white noise."""

    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(MESSAGES, MESSAGES)
        self.symbols = nn.Linear(MESSAGES, USES)
        self.received = nn.Linear(USES, MESSAGES)
        self.logits = nn.Linear(MESSAGES, MESSAGES)

    def forward(self, message):
        x = F.one_hot(message, MESSAGES).float()
        symbols = math.sqrt(USES) * F.normalize(self.symbols(F.relu(self.hidden(x))), dim=1)
        received = symbols + NOISE * torch.randn_like(symbols)
        return F.cross_entropy(self.logits(F.relu(self.received(received))), message)


WORKLOADS = {
    "VAE on digits": (VAE, digits),
    "VAE": (VAE, 0.02 + 0.96 * digits),
    "channel autoencoder": (ChannelAutoencoder, messages),
    "convolutional VAE": (ConvolutionalVAE, digits),
}


def prepare(request):
    network, items = WORKLOADS[request["work"]]
    batch = request["batch"]
    torch.manual_seed(1)
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    done = 0

    def step():
        nonlocal done
        start = done % (len(items) // batch) * batch
        done += 1
        optimizer.zero_grad(set_to_none=True)
        loss = model(items[start : start + batch])
        loss.backward()
        optimizer.step()
        return loss

    return step, lambda loss: loss.item()


serve(prepare)
