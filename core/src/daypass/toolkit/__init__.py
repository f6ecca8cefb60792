"""What backends and signers are made of: the engine, V4 signatures, POST policies, uploads in parts, HTTP; reading links."""
