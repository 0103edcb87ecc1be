"""The network; the archive holds this file, and whoever serves it reads the weights with it."""

import torch


class IrisNet(torch.nn.Module):
    def __init__(self, hidden=16):
        super().__init__()
        # Set from the training's rows and kept with the weights: callers send centimetres.
        self.register_buffer("mean", torch.zeros(4))
        self.register_buffer("deviation", torch.ones(4))
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(4, hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, 3)
        )

    def forward(self, x):
        return self.layers((x - self.mean) / self.deviation)
