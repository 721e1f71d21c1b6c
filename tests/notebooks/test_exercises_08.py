"""Each checker of notebook 08: the solution is right, the stub is not done, two usual mistakes are named."""
from pathlib import Path

import torch
from checkers import *  # noqa: F403

from colorlib import exercises

SOLUTIONS = Path(__file__).parents[2] / "solutions" / "08_hints.py"


def chosen(score):
    """The place with the largest score, computed from its distances to all hints."""
    def next_click(mask):
        places = torch.cartesian_prod(*map(torch.arange, mask.shape))
        return places[score(torch.cdist(places.float(), mask.nonzero().float())).argmax()]
    return next_click


def replaced(colors, number, ab):
    return torch.stack([ab if k == number else color for k, color in enumerate(colors)])


def test_a_flat_index_is_not_a_place():
    result = exercises.check_08_3(lambda mask: 7)
    assert result.status == "wrong" and "divmod" in result.message
    assert "divmod" in exercises.check_08_3(lambda mask: torch.tensor(7)).message


CASES = [
    ("check_08_1", "recolored", lambda influence, colors, number, ab: torch.einsum("khw,kc->chw", influence, colors),
     "the old picture"),
    ("check_08_1", "recolored", lambda influence, colors, number, ab: influence[number] * ab[:, None, None],
     "sum over all"),
    ("check_08_1", "recolored",
     lambda influence, colors, number, ab: torch.einsum("khw,kc->hwc", influence, replaced(colors, number, ab)),
     "come first"),
    ("check_08_2", "nearest", lambda described, candidates: torch.cdist(described, candidates).argmin(0), "each row"),
    ("check_08_2", "nearest", lambda described, candidates: torch.cdist(described, candidates).amin(1), "which sample"),
    ("check_08_2", "nearest",
     lambda described, candidates: (described[:, None] - candidates).sum(2).abs().argmin(1), "cancel"),
    ("check_08_3", "next_click", lambda mask: mask.nonzero()[0], "has a hint already"),
    ("check_08_3", "next_click", chosen(lambda distance: distance.sum(1)), "not the sum"),
    ("check_08_3", "next_click", chosen(lambda distance: distance.amax(1)), "not that to the farthest"),
]


def test_colors_changed_in_place_are_noticed(capsys):
    def in_place(influence, colors, number, ab):
        colors[number] = ab
        return torch.einsum("khw,kc->chw", influence, colors)

    assert exercises.check_08_1(in_place).status == "wrong"
    assert "copy" in capsys.readouterr().out
