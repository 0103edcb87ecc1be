"""The same flowers in PyTorch, by one process or by several together (DistributedDataParallel).

The model is an archive as TorchServe has it, beside its weights. A run that goes on after an
interruption, or from another's checkpoint, starts with the epoch after its last one.
"""

import argparse
import csv
import glob
import json
import os
import subprocess

import torch
import torch.distributed
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset
from torch.utils.tensorboard import SummaryWriter

from model import IrisNet

SPECIES = ["setosa", "versicolor", "virginica"]


def parse_hyperparameters():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model_name", default="iris")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--batch_size", type=int, default=16, help="of each process")
    parser.add_argument("--learning_rate", type=float, default=0.02)
    parser.add_argument("--checkpoint_every", type=int, default=20, help="epochs")
    parser.add_argument("--held_out", type=float, default=0.2, help="share of rows to test on")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_known_args()[0]


def read_data(directory):
    with open(os.path.join(directory, "iris.csv"), newline="") as file:
        rows = list(csv.DictReader(file))
    labels = [SPECIES.index(row.pop("species")) for row in rows]
    values = [[float(value) for value in row.values()] for row in rows]
    return torch.tensor(values), torch.tensor(labels)


def split(x, y, held_out, seed):
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    tested = int(len(x) * held_out)
    train, test = order[tested:], order[:tested]
    return (x[train], y[train]), (x[test], y[test])


def last_checkpoint():
    """The newest of this training, else of the one whose checkpoint it was given; or None."""
    for name in ("EM_CHECKPOINT_DIR", "EM_CHECKPOINT_INPUT_DIR"):
        directory = os.environ.get(name)
        found = sorted(glob.glob(os.path.join(directory, "epoch-*.pt"))) if directory else []
        if found:
            return torch.load(found[-1], weights_only=True)
    return None


def save_checkpoint(epoch, model, optimizer):
    state = {"epoch": epoch, "model": model.state_dict(), "optimizer": optimizer.state_dict()}
    path = os.path.join(os.environ.get("EM_CHECKPOINT_DIR"), f"epoch-{epoch:04d}.pt")
    torch.save(state, path + ".part")
    os.replace(path + ".part", path)


def save_model(model, name, metrics):
    model_dir, source_dir = os.environ.get("EM_MODEL_DIR"), os.environ.get("EM_SOURCE_DIR")
    weights = os.path.join(model_dir, f"{name}.pt")
    torch.save(model.state_dict(), weights)
    store = os.path.join(model_dir, "model-store")
    os.makedirs(store, exist_ok=True)
    command = ["torch-model-archiver", "--model-name", name, "--version", "1.0"]
    command += ["--model-file", os.path.join(source_dir, "model.py")]
    command += ["--handler", os.path.join(source_dir, "handler.py")]
    command += ["--serialized-file", weights, "--export-path", store]
    subprocess.run(command, check=True)
    with open(os.path.join(model_dir, "metrics.json"), "w") as file:
        json.dump(metrics, file)
    # A request that the endpoint shows to its callers; MLflow's name for such a file.
    example = {"instances": [[6.8, 2.8, 4.8, 1.4], [6.0, 3.4, 4.5, 1.6]]}
    with open(os.path.join(model_dir, "serving_input_example.json"), "w") as file:
        json.dump(example, file)


def main():
    args = parse_hyperparameters()
    torch.manual_seed(args.seed)
    rank, workers = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    if workers > 1:
        torch.distributed.init_process_group("gloo")
        # What each brings is added up: so many really take part.
        taking_part = torch.ones(1)
        torch.distributed.all_reduce(taking_part)
        print(f"rank {rank}: {int(taking_part.item())} of {workers} take part")

    x, y = read_data(os.environ.get("EM_DATASET_TRAIN"))
    (x_train, y_train), (x_test, y_test) = split(x, y, args.held_out, args.seed)
    data = TensorDataset(x_train, y_train)
    sampler = DistributedSampler(data, workers, rank, seed=args.seed)
    loader = DataLoader(data, args.batch_size, sampler=sampler)

    model = IrisNet()
    model.mean.copy_(x_train.mean(dim=0))
    model.deviation.copy_(x_train.std(dim=0))
    optimizer = torch.optim.Adam(model.parameters(), args.learning_rate)
    first = 1
    checkpoint = last_checkpoint()
    if checkpoint is not None:
        model.load_state_dict(checkpoint["model"])
        optimizer.load_state_dict(checkpoint["optimizer"])
        first = checkpoint["epoch"] + 1
        print(f"goes on with epoch {first}")
    trained = DistributedDataParallel(model) if workers > 1 else model

    # Processes of one instance share its folder: a run for each.
    events, local_rank = os.environ.get("EM_TENSORBOARD_LOG_DIR"), os.environ.get("LOCAL_RANK", "")
    writer = SummaryWriter(os.path.join(events, local_rank))
    for epoch in range(first, args.epochs + 1):
        sampler.set_epoch(epoch)
        for rows, labels in loader:
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(trained(rows), labels)
            loss.backward()
            optimizer.step()
        writer.add_scalar("loss", loss.item(), epoch)
        if rank == 0 and epoch % args.checkpoint_every == 0:
            save_checkpoint(epoch, model, optimizer)
    with torch.no_grad():
        loss = torch.nn.functional.cross_entropy(model(x_train), y_train).item()
        accuracy = (model(x_test).argmax(dim=1) == y_test).double().mean().item()
    writer.add_scalar("accuracy", accuracy, args.epochs)
    writer.close()

    if workers > 1:
        torch.distributed.destroy_process_group()
    if rank == 0:
        print(f"trained on {len(x_train)} rows, accuracy={accuracy:.4f} on {len(x_test)} others")
        metrics = {"accuracy": accuracy, "loss": loss, "workers": workers}
        save_model(model, args.model_name, metrics)


if __name__ == "__main__":
    main()
