"""Pure functions that codecs share."""
