"""What a shell is told to complete, asked as click's own scripts ask: by variables, in a process."""

import subprocess
from pathlib import Path

import pytest

from tests.core.cli.conftest import DAYPASS

MAPS = '[profiles.maps]\nurl = "s3://maps"\n[profiles.media]\nurl = "s3://media"\n'


@pytest.fixture
def complete(daypass, environment, tmp_path):
    """Return what is completed behind words, the last of which is begun."""
    file = tmp_path / "config.toml"
    environment["DAYPASS_CONFIG"] = str(file)

    def ask(*words, configured=MAPS):
        file.write_text(configured)
        # As fish asks: bash cuts words at their colons before it does, which its own script mends.
        environment.update(
            _DAYPASS_COMPLETE="fish_complete",
            COMP_WORDS=" ".join(["daypass", *words[:-1]]),
            COMP_CWORD=words[-1],
        )
        return [
            line.partition(",")[2].partition("\t")[0]
            for line in daypass().stdout.split("\n")
            if line
        ]

    return ask


@pytest.mark.parametrize("begun", ["", "day", "daypass://", "daypass://m"])
@pytest.mark.parametrize("command", ["sign", "get", "head", "form", "cors"])
def test_paths_by_profiles_are_completed(complete, command, begun):
    assert complete(command, begun) == ["daypass://maps/", "daypass://media/"]


def test_the_target_of_an_upload_is_completed_behind_the_file(complete):
    assert complete("put", "a.txt", "daypass://me") == ["daypass://media/"]


@pytest.mark.parametrize("begun", ["s3://m", "daypass://x", "daypass://maps/2026"])
def test_what_no_profile_begins_is_left_to_the_user(complete, begun):
    assert complete("sign", begun) == []


def test_profiles_and_roots_are_completed(complete):
    assert complete("config", "show", "ma") == ["maps"]
    assert complete("verify", "--profile", "ma") == ["maps"]
    assert complete("config", "sh") == ["show"]
    assert complete("policy", "test", "daypass://ma") == ["daypass://maps/"]
    assert complete("sign", "--root", "daypass://ma") == ["daypass://maps/"]


def test_signers_are_completed(complete):
    assert complete("sign", "--signer", "cl") == ["cloudfront"]


def test_a_broken_configuration_completes_nothing_and_says_nothing(complete):
    assert complete("sign", "daypass://", configured="[profiles") == []


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("daypass ex", ["explain"]),
        ("daypass sign --signer cl", ["cloudfront"]),
        ("daypass config show ma", ["maps"]),
        ("daypass completion fi", ["fish"]),
    ],
)
def test_bash_completes_by_the_script_that_the_command_prints(
    environment, tmp_path, words, completed
):
    (tmp_path / "config.toml").write_text(MAPS)
    script = f"""
        eval "$(daypass completion bash)"
        COMP_WORDS=({words}) COMP_CWORD={words.count(" ")}
        _daypass_completion daypass
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    place = {
        "PATH": f"{Path(DAYPASS).parent}:{environment['PATH']}",
        "DAYPASS_CONFIG": str(tmp_path / "config.toml"),
    }
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        env=environment | place,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert (done.stdout.split(), done.stderr) == (completed, "")


@pytest.mark.parametrize(
    ("line", "words", "completed"),
    [
        ("daypass sign daypass:", "daypass sign daypass :", ["//maps/", "//media/"]),
        ("daypass sign daypass://", "daypass sign daypass : //", ["//maps/", "//media/"]),
        ("daypass sign daypass://me", "daypass sign daypass : //me", ["//media/"]),
        ("daypass put a:b daypass://ma", "daypass put a : b daypass : //ma", ["//maps/"]),
        ("daypass sign s3://ma", "daypass sign s3 : //ma", []),
        ("daypass sign  --root=daypass://ma", "daypass sign --root = daypass : //ma", ["//maps/"]),
        ("daypass sign --method=pu", "daypass sign --method = pu", ["put"]),
        (
            "daypass sign s3://b/k --sig",
            "daypass sign s3 : //b/k --sig",
            ["--signing-time", "--signer", "--signer-option"],
        ),
        ("daypass sign 'daypass://me", "daypass sign \\'daypass://me", ["daypass://media/"]),
    ],
)
def test_bash_completes_a_path_whose_colon_is_written(
    environment, tmp_path, line, words, completed
):
    """With the words as bash cuts them, and the answers without what is before the word that it has cut."""
    (tmp_path / "config.toml").write_text(MAPS)
    script = f"""
        eval "$(daypass completion bash)"
        compopt() {{ :; }}  # which works where a person types alone
        COMP_LINE=$LINE COMP_POINT=${{#LINE}} COMP_WORDS=({words}) COMP_CWORD={words.count(" ")}
        _daypass_completion_of_whole_words daypass
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    place = {
        "LINE": line,
        "PATH": f"{Path(DAYPASS).parent}:{environment['PATH']}",
        "DAYPASS_CONFIG": str(tmp_path / "config.toml"),
    }
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        env=environment | place,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    # Methods are written either way, and click writes them in capitals before its version 8.5.
    assert (done.stdout.lower().split(), done.stderr) == (completed, "")


@pytest.mark.parametrize(
    ("shell", "registers"),
    [
        ("zsh", "compdef _daypass_completion daypass"),
        ("fish", "complete --no-files --command daypass"),
    ],
)
def test_each_shell_has_its_script_and_is_known_by_its_variable(
    daypass, environment, shell, registers
):
    environment["SHELL"] = f"/usr/bin/{shell}"
    done = daypass("completion", shell)
    assert (done.returncode, done.stderr) == (0, "")
    assert registers in done.stdout
    assert daypass("completion").stdout == done.stdout


def test_an_unknown_shell_is_asked_for(daypass, environment):
    environment["SHELL"] = "/bin/csh"
    done = daypass("completion")
    assert (done.returncode, done.stdout) == (2, "")
    assert "daypass completion bash" in done.stderr
    assert daypass("completion", "csh").returncode == 2
