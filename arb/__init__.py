"""The core: decides what is executable; knows no venue by name and opens no network socket."""
