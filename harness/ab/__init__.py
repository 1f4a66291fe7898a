"""Two models that share a server's traffic, and the log that says which of them did better."""
