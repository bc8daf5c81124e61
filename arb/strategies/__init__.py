"""One file per strategy: each turns opportunities of its kind into intents."""
