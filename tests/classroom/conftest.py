"""What the tests of pages in a browser share."""

import shutil
import subprocess
import tarfile

import pytest


@pytest.fixture(scope="session")
def axe(tmp_path_factory):
    """axe-core's program, from npm."""
    folder, npm = tmp_path_factory.mktemp("axe"), shutil.which("npm")
    done = npm and subprocess.run([npm, "pack", "--silent", "axe-core@4"], cwd=folder, capture_output=True, text=True)
    if not done or done.returncode:
        pytest.skip("axe-core cannot be had from npm here")
    with tarfile.open(next(folder.glob("axe-core-*.tgz"))) as archive:
        return archive.extractfile("package/axe.min.js").read().decode()
