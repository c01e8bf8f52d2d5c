"""Whether two subjects end a training equally well: margins, equivalence over seeds, and the table of both."""
