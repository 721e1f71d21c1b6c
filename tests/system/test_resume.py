"""A training killed in the middle of an epoch, and started again, ends where one left alone ends, to the bit."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from colorlib.checkpoint import read_tensors
from colorlib.colorizer import Colorizer

TESTS = Path(__file__).parents[1]

# Four epochs of eight steps. With a second argument the process stands still in that step, waiting to be killed.
TRAINING = """
import itertools, sys, time
import torch
from pictures import smooth
from colorlib.colorizer import Colorizer
from colorlib.models import UNet
from colorlib.train import TrainingConfig, fit, regression_step

folder, stop = sys.argv[1], int(sys.argv[2])
count = itertools.count(1)

def step(net, x, y):
    if next(count) == stop:
        print("standing in step", stop, flush=True)
        time.sleep(600)
    return regression_step(net, x, y)

torch.manual_seed(0)
colorizer = Colorizer(UNet(4, 2))
settings = TrainingConfig(epochs=4, batch_size=16, lr=3e-3, flip=True)
history = fit(colorizer, smooth(128), step, settings, checkpoint=f"{folder}/run.safetensors", device="cpu",
              precision="no", progress=False)
colorizer.save(f"{folder}/end.safetensors")
print("losses", history["loss"], flush=True)
"""


def start(folder, stop=0):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])}
    environment["OMP_WAIT_POLICY"] = "passive"              # a thread that waits leaves the core to the other process
    folder.mkdir(exist_ok=True)
    return subprocess.Popen([sys.executable, "-c", TRAINING, str(folder), str(stop)], env=environment, text=True,
                            stdout=subprocess.PIPE)


def kill_in_step(folder, stop):
    """Start the training, wait until it is in that step (counted from where it resumes), kill it."""
    process = start(folder, stop)
    try:
        assert process.stdout.readline() == f"standing in step {stop}\n"
    finally:
        process.kill()                                      # SIGKILL where there are signals
        process.wait()
        process.stdout.close()
    assert process.returncode != 0


@pytest.mark.timeout(240)
def test_a_killed_and_resumed_training_ends_at_the_bits_of_one_left_alone(tmp_path):
    alone, killed = tmp_path / "alone", tmp_path / "killed"
    undisturbed = start(alone)
    kill_in_step(killed, stop=5)                            # in the first epoch: nothing to resume from yet
    assert not (killed / "run.safetensors").exists()
    kill_in_step(killed, stop=21)                           # in the third epoch
    assert len(read_tensors(killed / "run.safetensors")[1]["epochs"]) == 2
    assert not (killed / "end.safetensors").exists()
    resumed = start(killed)
    last, losses = resumed.communicate(timeout=120)[0], undisturbed.communicate(timeout=120)[0]
    assert resumed.returncode == undisturbed.returncode == 0
    assert last == losses and losses.startswith("losses [")

    assert sorted(os.listdir(killed)) == sorted(os.listdir(alone)) == ["end.safetensors", "run.safetensors"]
    one, other = (Colorizer.load(folder / "end.safetensors").state_dict() for folder in (alone, killed))
    assert one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
    one, other = (read_tensors(folder / "run.safetensors")[0] for folder in (alone, killed))
    assert any(name.startswith("optimizer.") for name in one)
    assert one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
