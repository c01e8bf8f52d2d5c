"""How fast: what is timed, the ceiling it is held against, and subjects in interleaved rounds."""
