"""The vocabulary of envrules: events in, decisions out, and the values between them.

Everything here is frozen, serialisable and free of behaviour that needs a clock or I/O,
so that the engine, a code hook in another process and a stored log all mean the same thing.
"""
