"""The front door of Alex: the page, tokens, rooms and capacity."""

__version__ = "0.1.0"
