"""Binary files of other packages."""

from __future__ import annotations

import os

from polymap.errors import Mistake, Place, SpecError

LARGEST = 2**31  # bytes; a protobuf message has fewer


def bytes_of(file: str | os.PathLike[str]) -> bytes:
    """All bytes of a file. Raises `SpecError` with its name where it cannot be read or has 2 GiB or more."""
    name = os.fspath(file)
    try:
        with open(name, "rb") as stream:
            data = stream.read(LARGEST)
    except FileNotFoundError:
        raise _error(name, "there is no such file", "check the path") from None
    except IsADirectoryError:
        raise _error(name, "this is a folder, not a file", "name a file in it") from None
    except (OSError, ValueError) as error:
        raise _error(name, f"it cannot be read: {getattr(error, 'strerror', error)}", "check the path") from None
    if len(data) == LARGEST:
        raise _error(name, "it has 2 GiB or more", "keep the weights in files beside it")
    return data


def _error(name: str, message: str, mend: str) -> SpecError:
    return SpecError(Mistake(Place(name), message, mend))
