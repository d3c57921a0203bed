"""How is somebody else's program told of an entry: in which words, signed how, sent where, and when again?

Knows no rows: what is told comes as plain values, and what came of it goes back as such.
"""
