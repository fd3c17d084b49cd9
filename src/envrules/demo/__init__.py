"""The demo: a month of two invented localities, played to a real server over its real API.

story.yaml → story → daily (events of every day) → scenario (in order of arrival)
server (a process of its own) ← player (streams, advances, approves, closes) → show
run: all of that, one after the other
"""
