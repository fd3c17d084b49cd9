"""Tables in Excel and CSV: standards that become rulesets, and numbers that go out and come back.

Formulas are never calculated, and the value that a program stored beside one is not taken for it:
a formula's cell is reported where a value is needed.
"""
