"""The boundary: protobuf messages and plain mappings to and from the model.

Everything that crosses it inwards is checked for what one event shows by itself (shape, size,
characters, numbers, times); all that is wrong is reported at once, each with the field's path.
"""
