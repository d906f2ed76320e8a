"""Programs as data, the generator that draws them, and the scenario files that say which."""
