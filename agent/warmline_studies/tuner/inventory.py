"""The file of an inventory's variables, which is read, changed and replaced in one step."""

from collections.abc import Mapping
from pathlib import Path

from warmline.errors import SettingsError
from warmline_studies.tuner.edit import edit


def write(path: Path, numbers: Mapping[str, int]) -> None:
    """Write settings into the file, which is replaced when the new file is complete; a link stays a link.

    Raises OSError, and SettingsError, which names the file, if the file cannot be changed safely.
    """
    file = path.resolve()
    try:
        text = edit(file.read_bytes().decode("utf-8"), numbers)  # read_text would change how lines end
    except SettingsError as error:
        raise SettingsError([f"{path}: {problem}" for problem in error.problems]) from None
    except UnicodeDecodeError as error:
        raise SettingsError([f"{path} is not text: {error}"]) from None
    new = file.with_name(f".{file.name}.new")
    new.write_bytes(text.encode("utf-8"))
    new.chmod(file.stat().st_mode)
    new.replace(file)
