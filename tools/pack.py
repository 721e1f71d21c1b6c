"""Pack trained models and records, to carry them from a GPU machine to one with the repository."""

import zipfile
from pathlib import Path

from colorlib.experiments import records

PIECES, PIECE_BYTES = 8, 16_000_000


def pack(pieces: int = PIECES, piece_bytes: int = PIECE_BYTES) -> tuple[list[Path], list[Path]]:
    """Pack build/trained and unfinished trainings into build/trained-1.zip, -2.zip and so on.

    Returns the archives, which are unpacked in the folder of a checkout, and the files for which
    there was no room. Records come first, then checkpoints named after a recipe, then the other
    checkpoints, and last the unfinished trainings.
    """
    base = records.root().parent
    build = base / "build"
    for old in build.glob("trained-*.zip"):
        old.unlink()
    trained = sorted(records.pending_folder().glob("[!.]*.*"),
                     key=lambda path: (path.suffix != ".json", "." in path.stem, path))
    room, left_out = [piece_bytes - 22] * pieces, []  # 22 bytes end an archive
    for path in [*trained, *sorted((build / "runs").glob("[!.]*.safetensors"))]:
        name = path.relative_to(base).as_posix()
        # An archive stores a name twice, with 76 bytes around it. Weights are not compressed, since
        # they hardly get smaller.
        size = path.stat().st_size + 2 * len(name.encode()) + 76
        piece = next((i for i in range(pieces) if size <= room[i]), None)
        if piece is None:
            left_out.append(path)
            continue
        room[piece] -= size
        with zipfile.ZipFile(build / f"trained-{piece + 1}.zip", "a") as archive:
            archive.write(path, name)
    archives = [build / f"trained-{i + 1}.zip" for i in range(pieces)]  # -10 after -9
    return [archive for archive in archives if archive.exists()], left_out
