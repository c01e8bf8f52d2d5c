"""Base against head: what moved, by how much, and how sure that is."""
