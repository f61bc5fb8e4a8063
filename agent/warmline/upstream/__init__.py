"""The providers: what the worker needs of them (`ports`) and the clients that speak their protocols."""
