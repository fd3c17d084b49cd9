"""The demo: a month of two invented localities, played to a real server over its real API.

story.yaml → story (what happens) → daily (events of every day) → scenario (in order of arrival)
server (a process of its own) ← player (streams, advances watermarks, approves, closes) → show
"""
