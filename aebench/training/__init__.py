"""One trial: schedule, feeding, training, metrics and pictures, inside a framework's process."""
