"""Built-in plugins: one module per scheme, and the defaults of the hooks."""
