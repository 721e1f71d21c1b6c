"""Profiles: how much each notebook computes. They differ in numbers only.

smoke    for automatic tests: runs all cells on generated images
quick    for a class: a few minutes on CIFAR-10
lesson   trains every network on all images, on two CPU cores
full     trains most systems for as long as their sources did, on a GPU
"""

from collections.abc import Collection

PROFILE_NAMES = ("smoke", "quick", "lesson", "full")


def check_known(kind: str, name: str, known: Collection[str]) -> None:
    """ValueError unless a name is among the known ones, which its message lists."""
    if name not in known:
        raise ValueError(f"unknown {kind} {name!r}: expected one of {', '.join(known)}")


def _by_profile(**settings: tuple[float, float, float, float]) -> dict[str, dict[str, float]]:
    """Turn settings with one value for each profile into {profile: {setting: value}}."""
    return {profile: {name: values[i] for name, values in settings.items()}
            for i, profile in enumerate(PROFILE_NAMES)}


# In every notebook:
#   train_images, test_images   the largest number of images taken from each split
#   minutes                     expected duration on two CPU cores; for "full" on a GPU
#   memory_mb                   expected peak memory, in MB
# The values stand in the order of PROFILE_NAMES.
PROFILES: dict[str, dict[str, dict[str, float]]] = {
    "01": _by_profile(
        train_images=(500, 500, 500, 500), test_images=(100, 1_000, 10_000, 10_000),
        jpegs=(50, 300, 1_000, 5_000),  # images that are compressed as JPEG
        minutes=(0.5, 0.5, 1, 1), memory_mb=(1_000, 1_200, 2_000, 3_000)),
    "02": _by_profile(
        train_images=(300, 2_000, 20_000, 50_000), test_images=(100, 100, 100, 100),
        patches=(20_000, 60_000, 200_000, 1_000_000),  # of training images, with known colors
        pictures=(8, 12, 32, 64),  # test images, colored by looking up similar patches
        minutes=(1, 1, 4, 3), memory_mb=(1_100, 1_500, 1_700, 4_000)),
    "03": _by_profile(
        train_images=(256, 2_000, 50_000, 50_000), test_images=(100, 1_000, 10_000, 10_000),
        epochs=(1, 3, 3, 20), unet_epochs=(1, 3, 3, 20),  # of Koo's CNN and of the U-Net
        probe_images=(128, 1_000, 3_200, 50_000),  # trials of Koo's learning rate
        probe_batch=(32, 64, 64, 128),
        minutes=(1, 3, 25, 60), memory_mb=(1_000, 1_400, 2_000, 6_000)),
    "04": _by_profile(
        train_images=(256, 2_000, 50_000, 50_000), test_images=(100, 200, 10_000, 10_000),
        epochs=(1, 1, 2, 30),  # of each classifier, where the course has no weights
        fruits=(128, 1_000, 6_000, 50_000),  # painted apples, whose true distribution is known
        fruit_test=(100, 200, 500, 2_000), fruit_epochs=(1, 2, 3, 10),
        trial_images=(64, 1_000, 10_000, 50_000),  # comparison of two optimizers
        minutes=(1, 2, 6, 60), memory_mb=(1_500, 1_500, 1_800, 6_000)),
    "05": _by_profile(
        train_images=(256, 1_000, 10_000, 50_000), test_images=(100, 500, 1_000, 10_000),
        fruits=(64, 1_500, 3_000, 20_000), fruit_epochs=(1, 5, 6, 10),  # painted apples
        fruit_test=(40, 200, 400, 2_000),
        batch=(32, 32, 128, 128),  # of Koo's GAN
        watched=(24, 100, 400, 1_000),  # test images of the diagnosis
        trial_images=(64, 320, 5_120, 50_000),  # a short training for each reading of Koo's text
        minutes=(1, 3, 8, 30), memory_mb=(1_500, 1_500, 2_500, 6_000)),
    "06": _by_profile(
        train_images=(64, 1_000, 1_000, 1_000), test_images=(40, 100, 100, 100),
        fruits=(64, 1_500, 3_000, 20_000), fruit_side=(32, 32, 64, 64),  # painted apples, pixels
        fruit_epochs=(1, 8, 8, 10), fruit_lr=(1e-3, 1e-3, 2e-4, 2e-4),  # of the generator
        fruit_test=(40, 200, 500, 2_000),
        minutes=(1, 3, 15, 20), memory_mb=(1_500, 1_450, 2_500, 6_000)),
    "07": _by_profile(
        train_images=(192, 1_500, 12_000, 50_000), test_images=(100, 200, 10_000, 10_000),
        gray_images=(60, 100, 2_000, 5_000),  # test images whose features are looked at
        neighbors=(5, 10, 50, 50),  # of each of them, the most similar ones
        column_images=(64, 200, 2_000, 10_000),  # with known colors, for the linear heads
        few_images=(64, 500, 500, 500), few_epochs=(1, 16, 30, 60),  # for the three starts
        held_out=(40, 200, 1_000, 2_000),  # images that choose the best epoch
        tuning_images=(64, 96, 10_000, 45_000),  # a classifier is tuned on them, in gray or color
        step_images=(1, 1, 16, 16),  # batch of the training step whose cost is measured
        step_side=(32, 32, 128, 224),  # and the side of its images, in pixels
        failure_images=(60, 100, 10_000, 10_000),  # test images among which failures are sought
        minutes=(1, 3, 15, 60), memory_mb=(1_500, 1_500, 7_000, 14_000)),
    "08": _by_profile(
        train_images=(16, 16, 16, 16), test_images=(40, 100, 1_000, 1_000),
        fruits=(128, 2_000, 6_000, 20_000), fruit_epochs=(1, 6, 8, 8),  # painted apples with hints
        fruit_test=(12, 100, 500, 2_000),
        levin_images=(2, 40, 1_000, 1_000),  # test images that Levin's method colors
        minutes=(1, 1, 2, 5), memory_mb=(1_500, 1_500, 2_500, 6_000)),
    "09": _by_profile(
        train_images=(16, 16, 16, 16), test_images=(40, 40, 40, 40),  # of photographs: only shown
        scatter_images=(4, 20, 200, 400),  # photographs, for the scatter of the rolls
        pixel_fruits=(20, 100, 500, 2_000),  # painted apples whose pixels are rolled
        point_steps=(100, 1_500, 1_500, 1_500),  # training steps of the denoiser of points
        fruits=(64, 1_500, 6_000, 6_000), fruit_epochs=(1, 4, 12, 16),  # for the sampler
        fruit_test=(20, 150, 1_000, 2_000), rolled_fruits=(12, 40, 100, 400),
        rolls=(4, 16, 64, 64),  # of each of the rolled fruits
        probe_fruits=(6, 50, 300, 1_000),  # painted in different numbers of steps
        minutes=(1, 2, 6, 9), memory_mb=(1_500, 1_500, 2_500, 6_000)),
}
