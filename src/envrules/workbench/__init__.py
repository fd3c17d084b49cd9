"""The operators' page: what is to be done today, and what other values would have done.

A local web page over one database. What it does goes through the runtime, as the server's calls do:
decisions are approved by acts on record, rulesets are published as revisions. Its charts and fonts
are served by itself; nothing comes from the internet.
"""
