"""`colorize` on photographs of 12 and 88 megapixels: within the memory that a laptop has, and no seams."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

from colorlib import color

GIGABYTES = 1.5  # above what an idle process takes

# The command, in a process that says at its end how much memory it took at most.
COMMAND = """
import sys
from colorlib import profiling
from colorlib.__main__ import main
main(["colorize", "small.png", *sys.argv[3:]])
idle = profiling.peak_bytes()
status = main(sys.argv[1:])
print(profiling.peak_bytes() - idle)
sys.exit(status)
"""


def read(path):
    return torch.from_numpy(np.array(Image.open(path))).permute(2, 0, 1)


def colorize(folder):
    """Color large.png in a folder by the command; fails if that takes more memory than it may."""
    Image.new("L", (300, 200)).save(folder / "small.png")
    command = ["colorize", "large.png", "-o", "colored.png", "--model", "perez-patchgan", "--device", "cpu"]
    done = subprocess.run([sys.executable, "-c", COMMAND, *command], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) < GIGABYTES * 2**30


@pytest.mark.slow
def test_eighty_eight_megapixels_in_eleven_kilobytes(tmp_path):
    """Case: bomb-1bit-9400.png."""
    Image.new("1", (9400, 9400)).save(tmp_path / "large.png")
    assert (tmp_path / "large.png").stat().st_size < 20_000
    colorize(tmp_path)


@pytest.mark.slow
def test_twelve_megapixels(tmp_path):
    Image.fromarray(data.astronaut()).resize((4000, 3000), Image.Resampling.BICUBIC).save(tmp_path / "large.png")
    colorize(tmp_path)
    before, after = (color.rgb_to_lab(read(tmp_path / name)) for name in ("large.png", "colored.png"))
    assert before.shape == after.shape == (3, 3000, 4000)

    assert (before[0] - after[0]).abs().max() < 0.5                         # 8 bits round L by that much
    for steps in (after[1:].diff(dim=1).abs().mean((0, 2)), after[1:].diff(dim=2).abs().mean((0, 1))):
        assert steps.max() < 4 * steps.median()                             # no row and no column stands out
