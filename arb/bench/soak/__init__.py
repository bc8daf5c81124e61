"""`arb bench soak`: millions of frames, thousands of reconnects and cycles, and nothing that grows.

Two processes: this one is the whole engine of a run on paper, over real sockets; the other one plays the venues.
"""
