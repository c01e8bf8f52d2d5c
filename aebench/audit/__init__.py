"""Does the suite catch what it is there to catch? Faults are planted, and what is said of them is counted."""
