"""Where subjects live: one process each, the worker in it, and who is told how its work goes."""
