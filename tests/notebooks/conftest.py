"""Gives the tests of `checkers` the CASES of the module that imports them."""


def pytest_generate_tests(metafunc):
    if metafunc.function.__module__ != "checkers":
        return
    cases = metafunc.module.CASES
    if "wrong" in metafunc.fixturenames:
        metafunc.parametrize(("check", "wrong", "hint"), [(check, wrong, hint) for check, _, wrong, hint in cases])
    elif "name" in metafunc.fixturenames:
        metafunc.parametrize(("check", "name"), sorted({case[:2] for case in cases}))
    else:
        metafunc.parametrize("check", sorted({case[0] for case in cases}))
