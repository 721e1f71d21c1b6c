"""The image classifier: it learns, it is saved and loaded, and its distance is Fréchet's."""

import numpy as np
import pytest
import torch
from scipy import linalg
from sklearn.metrics.pairwise import polynomial_kernel

from colorlib import color, models
from colorlib.colorizer import Colorizer
from colorlib.data import datasets
from colorlib.data.image_set import ImageSet
from colorlib.evaluate import classify_colorized, frechet_distance, kernel_distance, perceptual_distances
from colorlib.image_classifier import ImageClassifier
from colorlib.models import UNet


@pytest.fixture(scope="module")
def fruits():
    return [datasets.load("fruits", split, n=n, seed=0, size=32) for split, n in (("train", 400), ("test", 150))]


@pytest.fixture(scope="module")
def trained(fruits):
    return ImageClassifier.train_on(fruits[0], epochs=6, width=8, batch_size=32)


def test_a_classifier_learns_kinds_of_fruit(fruits, trained):
    _, test = fruits
    assert trained.accuracy(test.pixels, test.labels) > 0.7 > 3 / len(test.classes)
    assert trained.classes == test.classes
    assert trained.features(test.pixels).shape == (150, 32)


def test_a_classifier_is_the_same_for_a_seed_and_leaves_random_numbers_alone(fruits):
    before = torch.get_rng_state()
    one, again = (ImageClassifier.train_on(fruits[0][:64], epochs=1, width=4) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one.net.parameters(), again.net.parameters(), strict=True))
    assert torch.equal(torch.get_rng_state(), before)
    with pytest.raises(ValueError, match="has no labels"):
        ImageClassifier.train_on(ImageSet(torch.zeros(4, 3, 32, 32, dtype=torch.uint8)))


def test_a_training_may_have_one_step_or_three(fruits):
    for epochs in (1, 3):
        net = ImageClassifier.train_on(fruits[0][:32], epochs, width=4, batch_size=32).net
        assert all(p.isfinite().all() for p in net.parameters())


def test_a_classifier_is_kept_and_found_again(fruits, trained, tmp_path):
    again = ImageClassifier.load(trained.save(tmp_path / "j.safetensors", data="fruits"))
    assert again.classes == trained.classes
    torch.testing.assert_close(again.features(fruits[1].pixels), trained.features(fruits[1].pixels), rtol=0, atol=0.05)
    with pytest.raises(ValueError, match="is no image classifier"):
        ImageClassifier.load(Colorizer(UNet(2, 1)).save(tmp_path / "c.safetensors"))


def test_a_classifier_may_see_lightness_alone(fruits, tmp_path):
    train, test = fruits
    made = ImageClassifier.train_on(train, epochs=4, width=8, batch_size=32, gray=True)
    again = ImageClassifier.load(made.save(tmp_path / "encoder.safetensors"))
    assert again.net.config["inputs"] == 1 and again.accuracy(test.pixels, test.labels) > 1.5 / len(test.classes)
    L = color.lightness(test.pixels)
    gray = color.to_uint8(color.lab_to_rgb(torch.cat([L, torch.zeros(len(L), 2, *L.shape[-2:])], dim=1)))
    torch.testing.assert_close(again.features(gray), again.features(test.pixels), rtol=0.05, atol=0.05)


def test_a_color_classifier_goes_on_with_gray_pictures(fruits, trained):
    """First as it was, with its first weights summed; then tuned."""
    train, test = fruits
    gray = torch.rand(4, 1, 16, 16)
    torch.testing.assert_close(trained.net.for_gray().eval()(gray), trained.net(gray.expand(-1, 3, -1, -1)),
                               rtol=1e-3, atol=1e-3)
    before = ImageClassifier(trained.net.for_gray(), trained.classes).accuracy(test.pixels, test.labels)
    tuned = ImageClassifier.train_on(train, epochs=2, batch_size=32, gray=True, start=trained)
    assert tuned.accuracy(test.pixels, test.labels) > before and tuned.net.config["inputs"] == 1
    with pytest.raises(ValueError, match="cannot go on with .*, in color"):
        ImageClassifier.train_on(train, epochs=1, start=tuned)
    with pytest.raises(ValueError, match="cannot go on with"):
        ImageClassifier.train_on(train, epochs=1, gray=True, start=ImageClassifier(trained.net, ("a", "b")))


@pytest.mark.parametrize("seed", range(3))
def test_the_distance_is_frechets(seed):
    rng = np.random.default_rng(seed)
    one, other = (shift + rng.normal(size=(n, 7)) @ rng.normal(size=(7, 7)) for n, shift in ((60, 0), (80, 2)))
    c1, c2 = np.cov(one.T), np.cov(other.T)
    expected = ((one.mean(0) - other.mean(0)) ** 2).sum() + np.trace(c1 + c2 - 2 * linalg.sqrtm(c1 @ c2).real)
    assert frechet_distance(torch.tensor(one), torch.tensor(other)) == pytest.approx(expected, rel=1e-6)
    assert frechet_distance(torch.tensor(one), torch.tensor(one)) == pytest.approx(0, abs=1e-6)
    for a, b in ((torch.zeros(4, 3), torch.zeros(4, 2)), (torch.zeros(1, 3), torch.zeros(4, 3))):
        with pytest.raises(ValueError, match="expected features"):
            frechet_distance(a, b)


def test_true_pictures_are_at_distance_zero_and_gray_ones_are_not(fruits, trained):
    _, test = fruits

    class Truth:
        def __init__(self):
            self.at = 0

        def predict(self, L):
            from colorlib import color
            part = test.pixels[self.at:self.at + len(L)]
            self.at += len(L)
            return color.rgb_to_lab(part)[:, 1:]

    found = classify_colorized(trained, Truth(), test)
    assert found["frechet"] < 1e-3 * found["frechet_gray"]
    assert found["accuracy"] == found["accuracy_true"] > found["accuracy_gray"]


def test_the_network_takes_any_size_and_is_built_from_its_config():
    net = models.build({"model": "small-resnet", "inputs": 1, "classes": 3, "width": 4}).eval()
    assert net(torch.zeros(2, 1, 17, 9)).shape == (2, 3)
    with pytest.raises(ValueError, match="2 classes"):
        models.build({"model": "small-resnet", "classes": 1})


def test_the_kernel_distance_is_that_of_sklearns_kernel_and_unbiased():
    generator = torch.Generator().manual_seed(0)
    one, other = torch.randn(40, 6, generator=generator), 1.5 * torch.randn(30, 6, generator=generator) + 0.3
    own, theirs, across = (polynomial_kernel(x.numpy(), y.numpy(), degree=3, coef0=1)       # gamma is 1 / features
                           for x, y in ((one, one), (other, other), (one, other)))
    expected = ((own.sum() - own.trace()) / (40 * 39) + (theirs.sum() - theirs.trace()) / (30 * 29)
                - 2 * across.mean())
    for size in (1000, 7):
        assert kernel_distance(one, other, size) == pytest.approx(expected, rel=1e-4)
    # of two draws of one distribution: zero on average, below it in half of the cases; the Fréchet distance never is
    drawn = [kernel_distance(*torch.randn(2, 20, 4, generator=generator)) for _ in range(300)]
    deviation = torch.tensor(drawn).std() / 300 ** 0.5
    assert abs(sum(drawn) / 300) < 3 * deviation and 0.3 < sum(d < 0 for d in drawn) / 300 < 0.8
    with pytest.raises(ValueError, match="N at least 2"):
        kernel_distance(one, other[:, :5])


def test_perceptual_distances_know_gray_and_state_their_number_of_pictures(fruits, trained):
    test = fruits[1][:80]
    gray = perceptual_distances(trained, lambda L: torch.zeros_like(L).expand(-1, 2, -1, -1), test)
    right = perceptual_distances(trained, lambda L: color.rgb_to_lab(test.pixels)[:, 1:], test)
    assert gray["pictures"] == 80 and gray["kid"] > 0 and right["frechet"] < 1e-3 * gray["frechet"]
    assert right["kid"] < 0                             # equal sets: each picture's own pair counts on one side only
