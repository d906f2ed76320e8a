"""Many runs under a budget: units, workers, their supervisor, single cases, and what ties them together."""
