"""Upload forms: what was asked for stands in the policy that is signed, and the rest is refused."""

from __future__ import annotations

from typing import Any

import pytest

from daypass.errors import UnsupportedOptionError
from daypass.model.options import FORM_CONDITIONS
from daypass.testing.bench import Bench, each, only
from daypass.testing.probes import PROBES as LINKS
from daypass.testing.trials import KEY, Trial
from daypass.toolkit.post_policy import PolicyDocument

__all__ = ["FormRules"]

#: How to ask for each option of a form: as a link is asked, where links have it.
PROBES: dict[str, Any] = {
    "content_type_prefix": "image/",
    "min_bytes": 3,
    "success_status": 201,
    "success_redirect": "https://app.example/done",
    **{
        name: probe.fixed[name]
        for name, probe in LINKS.items()
        if name in FORM_CONDITIONS & {*probe.fixed}
    },
}

_formed = only(lambda bench: bench.info.forms and "forms" not in bench.narrowed)


class FormRules(Bench):
    """A form permits what was asked for, and says what it cannot."""

    @_formed
    @each(option=lambda bench: sorted(PROBES.keys() & bench.info.form_enforces))
    def test_a_declared_option_is_part_of_the_form(self, trial: Trial, option: str) -> None:
        """The policy with it is another than without; the gate has held it against the fields."""
        policies = [
            PolicyDocument.read(form.fields["policy"])
            for asked in ({}, {option: PROBES[option]})
            for form in [trial.store.create_upload_form(KEY, expires_in=trial.lifetime, **asked)]
        ]
        bare, held = [(one.starts_with, one.size_range, len(one.equal)) for one in policies]
        assert bare != held, f"no condition of the policy holds {option}"

    @_formed
    @each(option=lambda bench: sorted(PROBES.keys() - bench.info.form_enforces))
    def test_an_option_that_forms_lack_is_refused_by_name(self, trial: Trial, option: str) -> None:
        """The error names the option, and comes before any form."""
        with pytest.raises(UnsupportedOptionError) as caught:
            trial.store.create_upload_form(KEY, **{option: PROBES[option]})
        assert (caught.value.option, caught.value.backend) == (option, self.info.name)

    @only(
        lambda bench: (
            "PUT" in bench.methods() and (not bench.info.forms or "forms" in bench.narrowed)
        )
    )
    def test_upload_forms_are_refused_where_there_are_none(self, trial: Trial) -> None:
        """The error names ``form``, and the way that works."""
        with pytest.raises(UnsupportedOptionError, match="PUT") as caught:
            trial.store.create_upload_form(KEY)
        assert (caught.value.option, caught.value.backend) == ("form", self.info.name)
