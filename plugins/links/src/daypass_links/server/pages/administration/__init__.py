"""``/ui/admin``: what whoever has the scope ``admin`` sees of all callers, links and events, and does about them."""
