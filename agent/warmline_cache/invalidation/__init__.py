"""Making sure that nobody serves what is over."""
