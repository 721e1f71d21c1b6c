"""All recipes by name: the systems of the course, the ablations and the transfer experiments.

    recipe = get("koo-baseline")
    colorizer = recipe.build(seed=0)
    fit_recipe(colorizer, images, recipe.make_step(seed=0), recipe.training_config("lesson"))

`python -m colorlib train NAME` trains the course's version of a system, with `--as-published` the
version of its source. `python -m colorlib train` lists the systems.
"""
from __future__ import annotations

from colorlib.experiments import systems_course as course
from colorlib.experiments import systems_dahl2016 as dahl
from colorlib.experiments import systems_dorscheidt2016 as dorscheidt
from colorlib.experiments import systems_koo2016 as koo
from colorlib.experiments import systems_nazeri2018 as nazeri
from colorlib.experiments import systems_perez2020 as perez
from colorlib.experiments.ablations import ABLATIONS
from colorlib.experiments.recipe import GanSetup, Recipe, fit_recipe
from colorlib.experiments.transfer import TRANSFER, TRANSFER_IMAGES

__all__ = ["ABLATIONS", "RECIPES", "SAME_TIME", "TRANSFER", "TRANSFER_IMAGES", "GanSetup", "Recipe",
           "fit_recipe", "get"]

SAME_TIME = dahl.SAME_TIME
RECIPES: dict[str, Recipe] = {recipe.name: recipe for source in (
    koo, nazeri, dorscheidt, perez, dahl, course) for recipe in source.SYSTEMS}


def get(name: str) -> Recipe:
    """Return the recipe of that name. ValueError, which lists all names, if there is none."""
    known = RECIPES | ABLATIONS | TRANSFER
    if name not in known:
        raise ValueError(f"unknown recipe {name!r}: expected one of {', '.join(known)}")
    return known[name]
