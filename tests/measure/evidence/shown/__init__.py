"""What was measured, made to be read. Pure: no process, clock or file of its own."""
