"""The specifications of the twelve autoencoders of the source, one file each: numbers and names, no computation."""
