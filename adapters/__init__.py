"""The long tail, through ccxt."""
