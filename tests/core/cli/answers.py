"""What a store that errs or lies answers to the command, in a test's own words."""


def answer(handler, status=200, body=b"", **headers):
    handler.send_response(status)
    for name, value in ({"Content_Length": len(body)} | headers).items():
        handler.send_header(name.replace("_", "-"), str(value))
    handler.end_headers()
    if handler.command != "HEAD":
        handler.wfile.write(body)
