"""Trusted time: an authority's signed statement that evidence existed at a moment (RFC 3161), and what waits for one.

`asking` speaks to the authority, `token` makes queries and verifies answers, `stamping` gets and keeps stamps,
`checking` verifies those that are kept, `queue` stamps what waits.
"""
