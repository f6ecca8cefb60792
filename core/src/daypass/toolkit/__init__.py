"""What backends and signers are made of: V4 signatures, POST policies, uploads in parts, HTTP."""
