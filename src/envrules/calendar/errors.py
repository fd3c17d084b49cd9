"""The one error of this package."""


class CalendarError(ValueError):
    """Calendar data, a limit or a date that cannot be computed with; the message says which."""
