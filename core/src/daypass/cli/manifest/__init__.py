"""``daypass sign --from`` and ``daypass head --from``: a manifest in, the same with more columns out.

A manifest is read in chunks. Each chunk's paths go to a worker, which answers with new columns; answers
are kept in a journal beside the output, put behind the chunk's own columns and written.
"""
