"""What was found: signature, minimiser, token, corpus, and the list of known bugs."""
