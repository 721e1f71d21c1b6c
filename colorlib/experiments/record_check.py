"""What a record file must hold before it is believed: others may have written or edited it.

    record = load(path)      # ValueError says what is wrong with it
"""

import json
import math
from pathlib import Path

from colorlib import metrics

TYPES = {"code": str, "recipe": str, "data": str, "profile": str, "seed": int, "n": int,
         "metrics": dict, "epochs": int, "minutes": (int, float), "parameters": int, "device": str,
         "precision": str, "versions": dict, "commit": str}


def load(path: Path) -> dict:
    """Read one record. ValueError unless its fields have the right types and its name agrees."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(record, dict):
        raise ValueError("it is no JSON object")
    lacking = sorted(set(TYPES) - set(record))
    if lacking:
        raise ValueError(f"it lacks {', '.join(lacking)}")
    for name, kind in TYPES.items():
        if not isinstance(record[name], kind) or isinstance(record[name], bool):
            raise ValueError(f"its {name} is {str(record[name]):.40}")
    lacking = sorted(set(metrics.NAMES) - set(record["metrics"]))
    if lacking:
        raise ValueError(f"it lacks {', '.join(lacking)}")
    require_finite(record["metrics"] | {"minutes": record["minutes"]})
    if not isinstance(record.get("pictures_seen"), int | None):
        raise ValueError(f"its pictures_seen is {str(record['pictures_seen']):.40}")
    training = record.get("training", {"batch_size": 1})
    if not isinstance(training, dict) or not isinstance(training.get("batch_size"), int):
        raise ValueError(f"its training is {str(training):.40}")
    expected = f"{record['recipe']}.{record['data']}.{record['profile']}.s{record['seed']}.json"
    if path.name != expected:  # a copy would count twice
        raise ValueError(f"a file of this content is named {expected}")
    return record


def require_finite(values: dict, words: str = "") -> None:
    """ValueError, which begins with `words`, unless all values are finite numbers."""
    wrong = [name for name, value in values.items() if isinstance(value, bool)
             or not isinstance(value, int | float) or not math.isfinite(value)]
    if wrong:
        raise ValueError(f"{words}no finite numbers: {', '.join(wrong)}")
