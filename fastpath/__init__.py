"""Native venues: every module directly in here is one venue's wire format, found by its file name."""
