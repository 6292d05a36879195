"""The ledger: each night a signed page that says which logs there were, whether or not anything was found in them.

`leaves` turns segments into leaves of a Merkle tree for each source, `making` writes a night's page, `reading` reads
pages, `verifying` checks all of them against the records, `copies` against pages that lie elsewhere, `sending` takes
them there: `mail`, and `locked` storage.
"""
