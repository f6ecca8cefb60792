"""The vectors of CloudFront, whose sources tests/vectors/cloudfront/README.md names."""

import json
from pathlib import Path

VECTORS = Path(__file__).parents[2] / "vectors" / "cloudfront"
CASES = json.loads((VECTORS / "signed_url.json").read_text())["cases"]
JS = json.loads((VECTORS / "js_signer.json").read_text())
