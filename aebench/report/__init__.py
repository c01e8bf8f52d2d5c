"""What a person sees: the figures and the texts side by side. Reads files; never loads a framework."""
