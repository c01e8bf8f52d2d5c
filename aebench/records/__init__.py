"""What is kept on disk: documents, conditions, checkpoints, traces, baselines, all written whole."""
