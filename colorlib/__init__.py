"""The library of a course on automatic image colorization.

    from colorlib.colorizer import Colorizer
    from colorlib.data import datasets

    images = datasets.load("auto", "test", n=8)  # 8 color images of 32x32 pixels
    colorizer = Colorizer.load("colorlib/checkpoints/nazeri-unet.safetensors")
    colored = colorizer.colorize(images.pixels)  # uint8, 8 3 32 32, from their lightness alone

Where things are. Each package explains its modules in its own docstring.

From gray to color
    `color`             color spaces: RGB, linear light, XYZ, Lab, YUV, YCbCr, HSV (`_lab_cpu`: to
                        and from Lab in pieces, on a CPU)
    `color_bins`        the ab plane cut into bins: soft targets, rebalancing, annealed mean
    `color_regions`     one color for a whole region, by the joint probability of its pixels
    `targets`           what a network gets and should predict, and the colors of its outputs
    `models`            the networks: `models.unet`, `models.discriminators`, `models.fast_unet`,
                        `models.hint_unet`, `models.denoising_unet` (a sampler),
                        `models.koo2016`, `models.dorscheidt2016`, `models.dahl2016`,
                        `models.resnet_unet`, `models.small_resnet`, with the parts that they share,
                        `models.blocks` and `models.pretrained`
    `colorizer`         a network with its target: from gray images to colored ones
    `colorize_files`    the same for image files and folders
    `hints`             colors from a network that takes hints
    `film`              the same for a film: the last frame's colors move along, or are hints;
                        `film_files`: animated pictures, and what ffmpeg reads
    `scribbles`         colors from scribbles, without a network (Levin et al. 2004)
    `example_transfer`  colors from another picture, without a network (Welsh et al. 2002)

Training
    `losses`            losses for regression, classification (rebalanced or not) and GANs
    `train`             the supervised training loop; `train_gan`: that of a GAN
    `training_run`      what both loops share: device, precision, logging, interrupts
    `optimizers`        optimizers and learning-rate schedules by name
    `checkpoint`        weight files, and how a training is resumed
    `distributed`       training in several processes

Evaluation
    `metrics`           how far predicted colors are from the true ones
    `evaluate`          the metrics of a whole test set, and of baselines
    `known_truth`       colors of painted fruit, held against their exact distribution
    `color_variety`     how many hues, and whether they fit the pictures
    `intervals`         intervals by bootstrap over images and seeds
    `gan_diagnostics`   how a GAN's training ended: discriminator, diversity, failure modes
    `image_classifier`  measures colorizations, or serves as an encoder
    `profiling`         time and peak memory
    `hardware`          device, precision, memory and versions of this machine

Images
    `data`              `data.datasets` loads by name: `data.cifar10` (`data.cifar10_download`),
                        `data.fruit_photos`, `data.painted_fruit` (`data.painted_fruit_shapes`),
                        `data.cued_fruit`: apples and plums whose leaf shifts the odds,
                        `data.photos`, `data.folder`. All are a `data.image_set` or, if too large
                        for memory, a `data.streamed_set`; `data.storage`: the data
                        folder; `data.image_files`

The course
    `experiments`       its systems: `experiments.recipes` by name, each an `experiments.recipe`;
                        `experiments.systems_koo2016`, `experiments.systems_nazeri2018`,
                        `experiments.systems_dorscheidt2016`, `experiments.systems_perez2020`,
                        `experiments.systems_dahl2016`, `experiments.systems_course`;
                        `experiments.ablations`, `experiments.transfer`, `experiments.classifiers`,
                        `experiments.samplers`, `experiments.hinted`.
                        From `experiments.records` of trainings (`experiments.record_check`), the
                        `experiments.results_table`, `experiments.known_truth_table`;
                        `experiments.missing_runs` trains what it lacks; `experiments.budgets`;
                        `experiments.painted`: trainings on painted fruit; `experiments.curves`,
                        `experiments.fingerprint`: what a record says of its run, and of its code;
                        `experiments.reported_effects`: red cars, green textures, brown animals
    `notebook`          `notebook.lesson`, `notebook.claims`, `notebook.profiles`; figures:
                        `notebook.plots` (of `notebook.pictures`, `notebook.ab_plane`,
                        `notebook.display`, `notebook.style`); widgets:
                        `notebook.color_brush`, `notebook.scribble_page`,
                        `notebook.cheapest_guess`, `notebook.pixel_odds`,
                        `notebook.data_check`, `notebook.photo_upload`,
                        `notebook.turing_test` (as a page: `notebook.turing_page`); also
                        `notebook.report`, `notebook.cell_order`, `notebook.files`
    `exercises`         the checkers, `exercises.notebook_01` to `exercises.notebook_09`, written
                        with `exercises.checking`
    `assignment`        the homework's data, which differ by student number
    `grading`           grades it: `grading.submission`, `grading.sandbox`, `grading.grade`,
                        `grading.report`
    `paths`             where the checkout is, and files written in one step
    `__main__`          the command line: python -m colorlib; `colorize_command` is one of its
                        commands

The tools that run, store and publish the notebooks are outside this package, in tools/.
"""

__version__ = "0.1.0"
