"""VS Code shows a card as it is drawn, by the rules of its notebooks as far as they run in a browser.

VS Code itself is no package of pip, npm or Debian. What it does to HTML is little, and is done here: its renderer
(extensions/notebook-renderers/src/index.ts) puts it into an element as it stands, cleaned by nothing, below the policy
of the page for outputs (backLayerWebView.ts), and shows no HTML at all in a workspace that is not trusted: there it has
the text beside the card, of which test_cards.py is.
"""

from __future__ import annotations

import pytest

from daypass_notebook import show
from tests.plugins.notebook.made import RESULTS, URLS, bare, link
from tests.servers.chromium import chromium, site

pytestmark = pytest.mark.servers

_OWN = "'self' https://*.vscode-cdn.net"
#: The policy of the page for outputs, and that HTML comes by a policy of trusted types alone.
_POLICY = f"""
default-src 'none'; script-src {_OWN} 'unsafe-inline' 'unsafe-eval'; style-src {_OWN} 'unsafe-inline';
img-src {_OWN} https: http: data:; font-src {_OWN} https:; connect-src https:; child-src https: data:;
require-trusted-types-for 'script'
"""
_TOLD = """() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"""
_WIDE = """() => [...document.body.children].filter((one) => one.scrollWidth > one.clientWidth).length"""
_PAGE = f"""<!doctype html><html><head><meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>outputs</title></head><body style="background:#1f1f1f;color:#cccccc"><script>
const policy = trustedTypes.createPolicy("notebookRenderer", {{ createHTML: (html) => html }});
const refused = [];
document.addEventListener("securitypolicyviolation", (event) => refused.push(event.effectiveDirective));
const render = (html) => {{
    const element = document.createElement("div");
    element.innerHTML = policy.createHTML(html);
    document.body.append(element);
    return element.innerHTML;
}};
</script></body></html>"""


def test_a_card_is_there_as_it_is_drawn_and_asks_for_nothing():
    cards = [one._repr_html_() for one in RESULTS.values()]
    cards.append(show(link(url=URLS["links"]), qr=True)._repr_html_())
    asked = []
    with site() as served, chromium() as browser:
        served.page("/", _PAGE)
        page = browser.new_page(viewport={"width": 900, "height": 900})
        page.goto(served.origin)
        page.on("request", lambda request: asked.append(request.url))
        there = [page.evaluate("(html) => render(html)", card) for card in cards]
        page.evaluate(_TOLD)
        refused, wide = page.evaluate("() => refused"), page.evaluate(_WIDE)
        # What is refused would have been seen.
        page.evaluate("(html) => render(html)", "<iframe src='http://127.0.0.1:1/'></iframe>")
        page.wait_for_function("() => refused.includes('frame-src')")
    assert [bare(html) for html in there] == [bare(card) for card in cards]
    assert refused == []
    assert wide == 0
    assert [url for url in asked if not url.startswith("data:")] == []
