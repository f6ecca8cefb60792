"""``[audit]`` of the configuration: a file, a logger, or both, and no URL where it cannot be read."""

from __future__ import annotations

import logging

import pytest

import daypass
from daypass.audit import in_force
from daypass.errors import AuditError, ConfigError
from tests.core.audit.conftest import lines_of
from tests.core.config.conftest import places

pytestmark = pytest.mark.isolated

__all__ = ["places"]


def sign():
    return daypass.create_signed_url("fake://bucket/a")


def test_a_relative_file_lies_beside_the_configuration(fake, places):
    places.write(user='[audit]\nfile = "audit.jsonl"\nfsync = false')
    sign()
    sign()
    assert len(lines_of(places.user.with_name("audit.jsonl"))) == 2
    (sink,) = in_force.sinks()
    assert sink.fsync is False


def test_a_home_is_filled_in_and_a_logger_may_stand_beside(fake, places, caplog):
    caplog.set_level(logging.WARNING)
    places.write(user='[audit]\nfile = "~/audit.jsonl"\nlogger = "trail"\nlevel = "WARNING"')
    sign()
    assert len(lines_of(places.user.parents[2] / "audit.jsonl")) == 1
    assert [record.name for record in caplog.records] == ["trail"]


def test_the_applications_audits_stay_beside(fake, places, tmp_path):
    places.write(user='[audit]\nfile = "audit.jsonl"')
    mine = daypass.AuditFile(tmp_path / "mine")
    daypass.add_audit(mine)
    sign()
    daypass.remove_audit(mine)
    assert (
        len(lines_of(tmp_path / "mine")) == len(lines_of(places.user.with_name("audit.jsonl"))) == 1
    )


WRONG = {
    "nothing": ("[audit]", "needs the key file"),
    "a key that nobody knows": ('[audit]\nfiles = "a"', "did you mean file"),
    "a file that is a number": ("[audit]\nfile = 5", "must be text"),
    "an fsync that is text": ('[audit]\nfile = "a"\nfsync = "no"', "must be true or false"),
    "a level that is none": ('[audit]\nlogger = "a"\nlevel = "LOUD"', "INFO"),
    "a level of nothing": ('[audit]\nlogger = "a"\nlevel = "NOTSET"', "INFO"),
    "no name": ('[audit]\nlogger = ""', "not empty"),
    "no home": ('[audit]\nfile = "~nobody-of-this-name/a"', "is not legal"),
    "no path": ('[audit]\nfile = "a\\u0000b"', "could not be recorded"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_an_audit_that_cannot_be_read_means_no_url(fake, places, kind):
    text, hint = WRONG[kind]
    places.write(user=text)
    for _ in range(2):
        with pytest.raises((ConfigError, AuditError), match=hint):
            sign()


def test_a_project_cannot_bring_an_audit(fake, places):
    places.write(project='[audit]\nfile = "audit.jsonl"')
    with pytest.raises(ConfigError, match="not taken from a project's file"):
        sign()
