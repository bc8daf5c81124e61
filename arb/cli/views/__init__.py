"""What runs look like: lines for programs and pipes, live tables for people."""
