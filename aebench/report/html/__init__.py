"""One HTML file of everything that records hold, for people who do not have the suite. Reads records; no framework."""
