"""Two implementations of one contract, compared by what programs can see of them."""
