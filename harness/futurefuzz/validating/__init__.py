"""Is a Future right? The clauses of its contract, tried one by one."""
