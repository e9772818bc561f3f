"""The folder of weights that an engine loads, and the list of what must be in it.

    python -m model_endpoint.manifest FOLDER --engine wan-5b --revision COMMIT
        [--adapter-revision REPOSITORY=COMMIT …] [--acknowledge "NAME OF THE LICENCE"]

    FOLDER/model/…       what diffusers saves: model_index.json and a folder a part
    FOLDER/adapters/…    low-rank weights, if the engine's card names some
    FOLDER/manifest.json this module's: engine, revisions, SHA-256 and size of every other file

Whoever downloads the weights packs them, and so vouches for them; the container loads nothing that
is not as it was packed.
"""

import argparse
import hashlib
import os
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import Field, StringConstraints, ValidationError

from story.cards import Card, Licence, Repository, Revision, card, names
from story.errors import SettingInvalid
from story.generation import Contract

MANIFEST = "manifest.json"
MODEL_FOLDER = "model"
INDEX = f"{MODEL_FOLDER}/model_index.json"
#: Weights in these are data; those in a pickle are a program.
ALLOWED_SUFFIXES = frozenset({".safetensors", ".json", ".model", ".txt", ".jinja", ".md"})
CHUNK_BYTES = 4 * 1024 * 1024
EXIT_REFUSED = 2

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class WeightsRefused(Exception):
    """Weights that must not be packed or loaded. The server does not start with them."""


class PackedFile(Contract):
    """One file, as it was packed."""

    sha256: Sha256
    size: Annotated[int, Field(ge=0)]


class Manifest(Contract):
    """What was packed, for which engine, and whose licence was accepted."""

    engine: str
    #: By repository: of the model and of each of its adapters.
    revisions: dict[Repository, Revision]
    #: The name of the licence that the packer has read and accepts; None if none had to be.
    acknowledged: str | None
    files: dict[str, PackedFile]


def require_acknowledged(licence: Licence, acknowledged: str | None) -> None:
    """Refuse a model whose licence nobody said to accept, with its clauses.

    Raises:
        WeightsRefused: it must be acknowledged, by its very name, and was not.
    """
    if licence.must_be_acknowledged and acknowledged != licence.name:
        raise WeightsRefused(
            f"the licence must be accepted first:\n{licence.clauses()}\n"
            f'Whoever does says so when packing: --acknowledge "{licence.name}"'
        )


def pack(
    folder: Path, described: Card, revisions: Mapping[str, str], acknowledged: str | None
) -> Manifest:
    """Hash everything below `folder` and write its manifest.

    revisions: the commit that was downloaded, by repository.

    Raises:
        WeightsRefused: the card is of no trained model, a revision or the licence's acknowledgement
            is missing, or a file is missing or of a kind that may run a program.
    """
    trained = described.trained
    if trained is None:
        raise WeightsRefused(f"{described.engine.name} has no weights to pack")
    require_acknowledged(trained.licence, acknowledged)
    sources = (trained.weights, *trained.weights.adapters)
    known = {
        source.repository: source.revision or revisions.get(source.repository) for source in sources
    }
    for source in sources:
        told = revisions.get(source.repository)
        if told is not None and source.revision not in {None, told}:
            raise WeightsRefused(
                f"{source.repository} at {told}; the card says {source.revision} and nothing else"
            )
    if unknown := sorted(repository for repository, commit in known.items() if commit is None):
        raise WeightsRefused(
            f"which commit of {', '.join(unknown)} was downloaded? Give its 40 hexadecimal digits:"
            " a name like `main` may be something else tomorrow"
        )
    found = sorted(listed(folder))
    needed = {INDEX, *(adapter.file for adapter in trained.weights.adapters)}
    if absent := sorted(needed - set(found)):
        raise WeightsRefused(f"{folder} lacks {', '.join(absent)}")
    require_plain(found)
    try:
        manifest = Manifest(
            engine=described.engine.name,
            revisions={repository: commit for repository, commit in known.items() if commit},
            acknowledged=acknowledged,
            files=dict(zip(found, hashed(folder, found), strict=True)),
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise WeightsRefused(f"{place}: {first['msg']}, not {first['input']!r}") from error
    (folder / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return manifest


def verified(folder: Path, described: Card) -> Manifest:
    """The manifest of a folder, once every file is what it was when it was packed.

    Raises:
        WeightsRefused: there is none, it is of another engine, its licence was not acknowledged, or
            a file is missing, added, or has another size or hash.
    """
    if described.trained is None:
        raise WeightsRefused(f"{described.engine.name} loads no weights")
    path = folder / MANIFEST
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise WeightsRefused(
            f"{path} is not there: pack the weights with python -m model_endpoint.manifest"
        ) from error
    except ValidationError as error:
        raise WeightsRefused(f"{path} is not what packing writes: {error}") from error
    if manifest.engine != described.engine.name:
        raise WeightsRefused(
            f"{folder} holds {manifest.engine}; {described.engine.name} was to be loaded"
        )
    require_acknowledged(described.trained.licence, manifest.acknowledged)
    for source in (described.trained.weights, *described.trained.weights.adapters):
        packed = manifest.revisions.get(source.repository)
        if packed is None or source.revision not in {None, packed}:
            raise WeightsRefused(
                f"{source.repository} was packed at {packed}; the card says {source.revision}"
            )
    require_files(folder, manifest.files)
    return manifest


def require_files(folder: Path, packed: Mapping[str, PackedFile]) -> None:
    """Refuse a folder whose files are not the packed ones: names, then sizes, then hashes.

    Raises:
        WeightsRefused: names the first that differs.
    """
    for name in packed:
        place = PurePosixPath(name)
        if place.is_absolute() or ".." in place.parts:
            raise WeightsRefused(f"{MANIFEST} names {name!r}, which is not below its folder")
    require_plain(packed)
    there = set(listed(folder))
    if absent := sorted(set(packed) - there):
        raise WeightsRefused(f"{folder} lacks {', '.join(absent)}")
    if added := sorted(there - set(packed)):
        raise WeightsRefused(f"{folder} has what was not packed: {', '.join(added)}")
    for name, whole in packed.items():
        size = (folder / name).stat().st_size
        if size != whole.size:
            raise WeightsRefused(f"{name} has {size} bytes; {whole.size} were packed")
    names_in_order = list(packed)
    for name, found in zip(names_in_order, hashed(folder, names_in_order), strict=True):
        if found.sha256 != packed[name].sha256:
            raise WeightsRefused(
                f"{name} has the SHA-256 {found.sha256}; {packed[name].sha256} was packed"
            )


def listed(folder: Path) -> Iterable[str]:
    """Every file below a folder but the manifest, as POSIX paths.

    Raises:
        WeightsRefused: there is no such folder, or something in it is a link.
    """
    if not folder.is_dir():
        raise WeightsRefused(f"{folder} is no folder")
    for path in folder.rglob("*"):
        if path.is_symlink():
            raise WeightsRefused(
                f"{path.relative_to(folder).as_posix()} is a link: what it points to can change"
            )
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name != MANIFEST:
            yield name


def require_plain(found: Iterable[str]) -> None:
    """Refuse files that may hold a program, such as pickled weights.

    Raises:
        WeightsRefused: names them.
    """
    if strange := sorted(n for n in found if PurePosixPath(n).suffix not in ALLOWED_SUFFIXES):
        raise WeightsRefused(
            f"{', '.join(strange)}: only {', '.join(sorted(ALLOWED_SUFFIXES))} are loaded"
        )


def hashed(folder: Path, found: Iterable[str]) -> list[PackedFile]:
    """Each file's hash and size, a thread a core: hashing is most of a large model's loading."""
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as workers:
        return list(workers.map(lambda name: hash_of(folder / name), found))


def hash_of(path: Path) -> PackedFile:
    """One file's."""
    digest = hashlib.sha256()
    size = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
    return PackedFile(sha256=digest.hexdigest(), size=size)


def main(arguments: list[str]) -> int:
    """Pack one folder; 0, or EXIT_REFUSED after one line that says why not."""
    parser = argparse.ArgumentParser(prog="python -m model_endpoint.manifest", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--engine", required=True, choices=names())
    parser.add_argument("--revision", help="the commit of the model that was downloaded")
    parser.add_argument(
        "--adapter-revision", action="append", default=[], metavar="REPOSITORY=COMMIT"
    )
    parser.add_argument("--acknowledge", metavar="LICENCE", help="its name, if you accept it")
    options = parser.parse_args(arguments)
    try:
        described = card(options.engine)
        revisions = dict(pair.split("=", 1) for pair in options.adapter_revision if "=" in pair)
        if described.trained is not None and options.revision is not None:
            revisions[described.trained.weights.repository] = options.revision
        manifest = pack(options.folder, described, revisions, options.acknowledge)
    except (WeightsRefused, SettingInvalid, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_REFUSED
    packed = sum(file.size for file in manifest.files.values())
    sys.stdout.write(
        f"{len(manifest.files)} files, {packed:,} bytes: {options.folder / MANIFEST}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
