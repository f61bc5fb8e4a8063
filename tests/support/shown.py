"""What tests have to say even if they pass: shown at the end of the run."""

shown: list[str] = []
