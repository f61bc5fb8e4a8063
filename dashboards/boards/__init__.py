"""One board a file; `panels` has their words and `board` their frame."""
