"""What the command line refuses before it does anything."""

import pytest

from warmline.__main__ import main


@pytest.mark.parametrize("name", ["sahyadri\n", "Sahyadri", "sahyadri ", "", "-x", "a" * 64])
@pytest.mark.parametrize("arguments", [[], ["--organisation=sahyadri"]])
def test_to_forget_what_can_be_nobodys_is_refused_instead_of_confirmed(
    capsys: pytest.CaptureFixture[str], name: str, arguments: list[str]
) -> None:
    option = "--agent" if arguments else "--organisation"
    with pytest.raises(SystemExit) as left:
        main(["invalidate", *arguments, f"{option}={name}"])
    said = capsys.readouterr()
    assert (left.value.code, said.out) == (2, "")
    assert "is no name" in said.err
