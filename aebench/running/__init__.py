"""What is asked for and how it is done: runs, the ladder alone, sweeps, and what goes on where it was."""
