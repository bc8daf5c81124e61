"""The I/O of the fast path: one WebSocket driver and one REST client for all venues."""
