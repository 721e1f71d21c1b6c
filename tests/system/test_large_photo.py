"""`colorize` on a photograph of 12 megapixels: within the memory and the minute that a laptop has, and no seams."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

from colorlib import color

GIGABYTES, SECONDS = 4, 60

# The command, in a process that says at its end how much memory it took at most.
COMMAND = """
import sys
from colorlib import profiling
from colorlib.__main__ import main
status = main(sys.argv[1:])
print(profiling.peak_bytes())
sys.exit(status)
"""


def read(path):
    return torch.from_numpy(np.array(Image.open(path))).permute(2, 0, 1)


@pytest.mark.slow
def test_twelve_megapixels(tmp_path):
    Image.fromarray(data.astronaut()).resize((4000, 3000), Image.Resampling.BICUBIC).save(tmp_path / "large.png")
    command = ["colorize", "large.png", "-o", "colored.png", "--model", "perez-patchgan", "--device", "cpu"]
    done = subprocess.run([sys.executable, "-c", COMMAND, *command], cwd=tmp_path, capture_output=True, text=True,
                          timeout=SECONDS)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) < GIGABYTES * 2**30
    before, after = (color.rgb_to_lab(read(tmp_path / name)) for name in ("large.png", "colored.png"))
    assert before.shape == after.shape == (3, 3000, 4000)

    clipped = torch.isin(read(tmp_path / "colored.png"), torch.tensor([0, 255], dtype=torch.uint8)).any(0)
    apart = (before[0] - after[0]).abs()
    assert clipped.float().mean() < 0.3 and apart[~clipped].max() < 0.5     # 8 bits round L by that much
    for steps in (after[1:].diff(dim=1).abs().mean((0, 2)), after[1:].diff(dim=2).abs().mean((0, 1))):
        assert steps.max() < 4 * steps.median()                             # no row and no column stands out
