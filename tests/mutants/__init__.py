"""Programs that lack one guard each: the tests must find every one of them. `python -m tests.mutants` runs them."""
