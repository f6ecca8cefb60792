import json

from daypass.cli.options import FORMS_ALONE, SIGNING
from daypass.model.form_options import FormOptions

PATH = "s3://maps/in/${filename}"


def test_the_command_has_every_option_of_a_form():
    from daypass.cli.form import command

    named = {option.name for option in command.params}
    spelled = {"strict": "no_strict"}
    assert {spelled.get(name, name) for name in FormOptions.__annotations__} <= named
    assert not FORMS_ALONE.keys() & SIGNING.keys()


def test_a_script_gets_the_fields_as_json(daypass, credentials):
    done = daypass(
        "form",
        PATH,
        *("--max-bytes", "9", "--content-type-prefix", "image/", "--success-status", "201"),
        *("--metadata", "by=me", "--header", "Cache-Control=no-store", "--min-bytes", "1"),
    )
    assert (done.returncode, done.stderr) == (0, "")
    form = json.loads(done.stdout)
    assert form["starts_with"] == {"key": "in/", "Content-Type": "image/"}
    assert form["fields"]["success_action_status"] == "201"
    assert form["fields"]["Cache-Control"] == "no-store"
    assert (form["method"], form["url"]) == ("POST", "https://maps.s3.amazonaws.com/")


def test_a_person_gets_a_page_or_a_command(daypass, credentials):
    page = daypass("form", PATH, "--html").stdout
    assert page.startswith("<!DOCTYPE html>\n<meta charset=")
    assert '<input type="file" name="file"' in page
    assert daypass("form", PATH, "--curl", "a.png").stdout.startswith("curl --fail ")
    both = daypass("form", PATH, "--html", "--curl", "a.png")
    assert both.returncode == 2
    assert "exclude each other" in both.stderr


def test_what_a_form_cannot_do_is_said_in_one_line(daypass, credentials):
    done = daypass("form", PATH, "--if-absent")
    assert (done.returncode, done.stdout) == (5, "")
    assert done.stderr.startswith("daypass: error: upload forms of s3 cannot enforce --if-absent")
    waived = daypass("form", PATH, "--if-absent", "--no-strict", "--html")
    assert waived.returncode == 0
    assert waived.stderr.endswith(
        "does not enforce --if-absent (no form of s3 holds its sender to it)\n"
    )
    other = daypass("form", "az://maps/k", "--storage-option", "account_name=a")
    assert other.returncode == 5
    assert "sign a PUT for each object instead" in other.stderr
