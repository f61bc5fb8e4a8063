"""Parts of the worker on stores that are dicts and providers that do what a test says, in virtual time."""
