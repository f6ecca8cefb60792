"""Who asks: by an API key, or by a token of an OpenID provider."""
