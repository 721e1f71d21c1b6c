"""All recipes by name: the systems of the course, ablations, transfer and painted fruit.

`python -m colorlib train NAME` trains the course's version of a system, with `--as-published` the
version of its source. `python -m colorlib train` lists the systems.
"""
from colorlib.experiments import hinted, painted, samplers
from colorlib.experiments import systems_course as course
from colorlib.experiments import systems_dahl2016 as dahl
from colorlib.experiments import systems_dorscheidt2016 as dorscheidt
from colorlib.experiments import systems_koo2016 as koo
from colorlib.experiments import systems_nazeri2018 as nazeri
from colorlib.experiments import systems_perez2020 as perez
from colorlib.experiments.ablations import ABLATIONS
from colorlib.experiments.recipe import Recipe, fit_batch, fit_recipe
from colorlib.experiments.transfer import TRANSFER, TRANSFER_IMAGES

__all__ = ["ABLATIONS", "ALL", "BUDGETED", "RECIPES", "SAME_TIME", "TRANSFER", "TRANSFER_IMAGES",
           "Recipe", "fit_batch", "fit_recipe", "get"]

SAME_TIME = dahl.SAME_TIME
# In the order of the sources, which is that of the list that `train` prints.
RECIPES: dict[str, Recipe] = {recipe.name: recipe for source in (
    koo, nazeri, dorscheidt, perez, dahl, course) for recipe in source.SYSTEMS}
# Trained only by the budgets of budgets.py
BUDGETED: dict[str, Recipe] = {recipe.name: recipe for recipe in [
    *painted.SYSTEMS, *samplers.SYSTEMS, *hinted.SYSTEMS, *perez.SQUARE, koo.AVERAGED]}
ALL = RECIPES | ABLATIONS | TRANSFER | BUDGETED


def get(name: str) -> Recipe:
    """Return the recipe of that name. ValueError, which lists all names, if there is none."""
    if name not in ALL:
        raise ValueError(f"unknown recipe {name!r}: expected one of {', '.join(ALL)}")
    return ALL[name]
