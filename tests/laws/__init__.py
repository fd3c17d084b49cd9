"""The laws of the design, over random logs."""
