"""Speech by Sarvam: over warm sockets, and over REST."""
