"""A table of paths in, the same with links or metadata as more columns out; resumable, in little memory.

`daypass.sign_manifest` and `head_manifest` are its doors. A manifest is read in chunks. Each chunk's paths go to a worker, which answers with new columns; answers
are kept in a journal beside the output, put behind the chunk's own columns and written.
"""
