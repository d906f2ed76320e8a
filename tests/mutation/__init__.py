"""How much does `futurefuzz validate` see? CPython's own futures, wrong in one place each, are given to it blindly."""
