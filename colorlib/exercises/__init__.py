"""A checker for each exercise of the notebooks: exercises.check_03_2(your_function).

A checker prints one line and never stops the notebook: "03.2: right", "03.2: not done yet" or
"03.2: not yet right: reason. Hint: …". exercises.check_03_2(f) wraps notebook_03.check_03_2(c, f),
where c, a `Checking` of `checking.py`, collects what failed.
"""

from importlib import import_module
from pkgutil import iter_modules

from colorlib.exercises.checking import Checking, Result, checker

__all__ = ["Checking", "Result", "checker"]

# Every function check_… of a module notebook_… becomes a checker, an attribute of this package.
for _module in sorted(m.name for m in iter_modules(__path__) if m.name.startswith("notebook_")):
    for _name, _check in vars(import_module(f"{__name__}.{_module}")).items():
        if _name.startswith("check_"):
            globals()[_name] = checker(_check)
            __all__.append(_name)
