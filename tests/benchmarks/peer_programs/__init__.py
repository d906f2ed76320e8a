"""Programs with one planted bug each, and two correct ones, that any tool can run: they import nothing of ours."""
