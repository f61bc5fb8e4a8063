"""What callers and providers send: the ends of a session, signed webhooks, and bytes that no client would send."""
