"""The images that the course trains and tests on.

    from colorlib import data
    images = data.load("auto", "train", n=5000)          # an ImageSet

`datasets`               data sets by name: start here
`image_set`              `ImageSet`: images of one size in memory, as uint8, with labels
`streamed_set`           the same for more images than fit into memory, read from a file
`cifar10`                CIFAR-10 in the data folder: downloaded once, verified whenever it is read
`cifar10_download`       where CIFAR-10 can be downloaded from
`painted_fruit`          generated pictures of fruit, whose color distribution is known exactly
`painted_fruit_shapes`   how each kind of fruit is drawn, without color
`cued_fruit`             apples and plums whose leaf shifts the odds: the course's running example
`fruit_photos`           photographs of fruit, stored in the package
`photos`                 photographs that come with scikit-image and scikit-learn
`folder`                 a folder of one's own pictures, decoded once
`image_files`            one picture file as 8-bit sRGB
`storage`                the data folder: where it is, locks, free space, working without a network
"""

__all__ = ["DataUnavailable", "ImageSet", "load", "load_cifar10", "load_folder",
           "load_painted_fruit", "load_photos"]


def __getattr__(name: str):
    """Import a public name when it is first used."""
    # `datasets` needs torch, whose import takes seconds; `python -m colorlib --help` does without.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from colorlib.data import datasets

    return getattr(datasets, name)
