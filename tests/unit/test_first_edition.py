"""Files of the first edition still load: colorizers, classifiers and records."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from colorlib import checkpoint
from colorlib.colorizer import Colorizer
from colorlib.experiments import records
from colorlib.image_classifier import ImageClassifier
from colorlib.models import Hypercolumns, SmallResNet
from colorlib.targets import LabTarget, YuvTarget

OLD = Path(__file__).parents[1] / "old"
COLORIZER, RECORD = OLD / "first-edition-colorizer.safetensors", OLD / "first-edition-record.json"


def test_a_colorizer_loads_and_predicts_as_it_did():
    _, notes = checkpoint.read_tensors(COLORIZER)
    assert notes["format"] == "colorlib-1" and notes["head"] == {"head": "lab", "scale": 50.0, "channels": 2}
    colorizer = Colorizer.load(COLORIZER)
    assert colorizer.target == LabTarget() and colorizer.notes["recipe"] == "koo-baseline"
    L = torch.linspace(0, 100, 64).reshape(1, 1, 8, 8)
    ab = colorizer.predict(L)
    torch.testing.assert_close(ab[0, :, 4, 4], torch.tensor([0.6524, 7.0317]), rtol=0, atol=1e-3)


def test_saved_again_it_is_of_the_new_format(tmp_path):
    colorizer = Colorizer.load(COLORIZER)
    path = colorizer.save(tmp_path / "new.safetensors")
    _, notes = checkpoint.read_tensors(path)
    assert notes["format"] == "colorlib-2" and notes["target"]["target"] == "lab" and "head" not in notes
    L = torch.linspace(0, 100, 64).reshape(1, 1, 8, 8)
    assert torch.equal(Colorizer.load(path).predict(L), colorizer.predict(L))


def test_hypercolumns_load_under_the_old_name_of_their_last_layers(tmp_path):
    net = Hypercolumns(weights="none", hidden=(8,))
    torch.nn.init.normal_(net.layers[-1].weight)
    expected = Colorizer(net, YuvTarget.unit_range()).eval()
    old = {name.replace("layers.", "head.", 1) if name.startswith("layers.") else name: t
           for name, t in net.state_dict().items()}
    notes = {"format": "colorlib-1", "net": net.config, "notes": {},
             "head": {"head": "yuv", "mean": [-0.436, -0.615], "std": [0.872, 1.23], "contrast": False}}
    path = checkpoint.write_tensors(tmp_path / "old.safetensors", old, notes)
    L = 100 * torch.rand(1, 1, 16, 16)
    assert torch.equal(Colorizer.load(path).predict(L), expected.predict(L))


@pytest.mark.parametrize("head", [None, "lab", {}, {"head": "hsv"}])
def test_an_old_file_that_is_damaged_is_refused(tmp_path, head):
    notes = {"format": "colorlib-1", "net": {"model": "koo"}, "notes": {}} | ({} if head is None else {"head": head})
    save_file({"weight": torch.zeros(3)}, tmp_path / "odd.safetensors", metadata={"colorlib": json.dumps(notes)})
    with pytest.raises(ValueError, match="odd.safetensors does not hold the network or the target"):
        Colorizer.load(tmp_path / "odd.safetensors")


def test_a_classifier_loads_and_is_saved_in_the_new_format(tmp_path):
    net = SmallResNet(1, 3, 2)
    notes = {"format": "colorlib-judge-1", "net": net.config, "classes": ["a", "b", "c"], "notes": {}}
    tensors = {name: t.clone() for name, t in net.state_dict().items()}
    old = ImageClassifier.load(checkpoint.write_tensors(tmp_path / "old.safetensors", tensors, notes))
    rgb = torch.rand(2, 3, 8, 8)
    assert old.classes == ("a", "b", "c") and torch.equal(old.features(rgb), ImageClassifier(net).features(rgb))
    _, notes = checkpoint.read_tensors(old.save(tmp_path / "new.safetensors"))
    assert notes["format"] == "colorlib-classifier-2"


def test_a_record_is_read(tmp_path):
    shutil.copy(RECORD, tmp_path / "koo-baseline.cifar10.lesson.s0.json")
    (record,) = records.read(tmp_path)
    assert record == json.loads(RECORD.read_text())
    assert record["recipe"] == "koo-baseline" and record["metrics"]["judge_accuracy"] == 0.7516
