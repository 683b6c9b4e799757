"""Why it is fast: kernels, layers on them, and the programs that are compiled from those."""
