"""Reads what a program says of itself with --help, so that a manual page cannot say anything else."""

import dataclasses
import re
import subprocess


@dataclasses.dataclass
class Section:
    """A titled list of items, as (term, description), or lines to be shown as they are."""

    title: str
    items: list
    lines: list


@dataclasses.dataclass
class Command:
    """One command of a program: `name` is what follows the program's name, empty for the program itself."""

    name: str
    summary: str
    usage: str
    sections: list
    remarks: list
    commands: list


_TITLE = re.compile(r"(\S.*):$")
_ITEM = re.compile(r"  (\S.*?)(?:\s{2,}(\S.*))?$")
_CONTINUED = re.compile(r"\s{8,}(\S.*)$")


def read_command(program, name="", words=()):
    """What `program WORDS --help` says, with all of the commands below it."""
    said = subprocess.run([program, *words, "--help"], check=True, capture_output=True, text=True).stdout
    command = parse(said, name)
    below = [section for section in command.sections if section.title == "Subcommands"]
    for section in below:
        command.sections.remove(section)
        for term, _ in section.items:
            command.commands.append(read_command(program, f"{name} {term}".strip(), (*words, term)))
    return command


def parse(text, name=""):
    """The text of one --help."""
    command = Command(name, "", "", [], [], [])
    section = None
    for line in text.splitlines():
        title = _TITLE.match(line)
        if not command.summary:
            command.summary = line.strip()
        elif line.startswith("Usage: "):
            # The program calls itself by the path it was started with.
            command.usage = " ".join(line.split()[2:])
        elif title:
            section = Section(title[1], [], [])
            command.sections.append(section)
        elif line.startswith("  "):
            _add_to(section, line)
        elif line.strip():
            section = None
            command.remarks.append(line)
    if not command.usage:
        raise ValueError(f"no usage in the help of {name or 'the program'}")
    return command


def _add_to(section, line):
    if section is None:
        raise ValueError(f"an indented line without a title: {line}")
    section.lines.append(line.strip())
    continued = _CONTINUED.match(line)
    if continued and section.items:
        term, description = section.items[-1]
        section.items[-1] = (term, f"{description} {continued[1]}".strip())
        return
    term, description = _ITEM.match(line).groups()
    section.items.append((term, description or ""))
