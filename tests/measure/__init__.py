"""Programs that measure and assert nothing: `make help-all`, under Measure, says how to run them."""
