"""The library of a course on automatic colorization: gray in, color out, and how far it is from the truth.

    from colorlib import color, datasets
    images = datasets.load("auto", "train", n=1000)
    lab = color.rgb_to_lab(images.rgb())                 # 1000 3 32 32
"""

__version__ = "0.1.0"
