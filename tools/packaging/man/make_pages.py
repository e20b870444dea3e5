#!/usr/bin/python3
"""Makes the manual pages out of what the programs say of themselves: --help, and the schema of the configuration.

    make_pages.py --version VERSION --date YYYY-MM-DD --image-builder PROGRAM --imgctl PROGRAM --to FOLDER
"""

import argparse
import json
import pathlib
import subprocess

import help_text
from roff import Page
from settings_text import write_settings

FILES = {
    "/etc/image-builder/image-builder.json": "The configuration of the service that the Debian package installs.",
    "/var/lib/image-builder": "Its state: the journal and the builds' logs.",
    "/var/cache/image-builder": "Its cache of layers.",
    "/lib/systemd/system/image-builder.service": "Its unit; what is limited for it, and what cannot be, is said there.",
}
SEE_ALSO = {
    "image-builder": "image-builder.json(5), imgctl(1), buildah(1), skopeo(1), subuid(5)",
    "imgctl": "image-builder(1)",
    "image-builder.json": "image-builder(1)",
}


def write_command(page, program, command):
    """The options, remarks and examples of one command, and then of those below it."""
    page.bold(f"{program} {command.usage}")
    if command.name:
        page.paragraph(command.summary.rstrip(".") + ".")
    for section in command.sections:
        if section.title == "Examples":
            page.paragraph("Examples:")
            page.verbatim(section.lines)
            continue
        if section.title != "Options":
            page.paragraph(section.title + ":")
        for term, description in section.items:
            page.definition(term, description)
    for remark in command.remarks:
        page.paragraph(remark)
    for below in command.commands:
        page.subsection(below.name)
        write_command(page, program, below)


def program_page(program, path, options):
    page = Page(program, "1", options.date, options.version, "User Commands")
    command = help_text.read_command(path)
    page.section("NAME")
    page.line(f"{program} - {command.summary[0].lower()}{command.summary[1:].rstrip('.')}")
    page.section("SYNOPSIS")
    page.line(f"{program} {command.usage}")
    page.section("COMMANDS AND OPTIONS")
    write_command(page, program, command)
    if program == "image-builder":
        page.section("FILES")
        for file, meaning in FILES.items():
            page.definition(file, meaning)
    return page


def settings_page(path, options):
    page = Page("image-builder.json", "5", options.date, options.version, "File Formats")
    page.section("NAME")
    page.line("image-builder.json - configuration of the image build service")
    write_settings(page, json.loads(_output_of(path, "generate", "schema")))
    page.section("EXAMPLE")
    page.paragraph("Everything that has a default, with its default, as image-builder generate config prints it:")
    page.verbatim(_output_of(path, "generate", "config").splitlines())
    return page


def _output_of(*argv):
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for option in ("version", "date", "image-builder", "imgctl", "to"):
        parser.add_argument("--" + option, required=True)
    options = parser.parse_args()
    pages = {
        "image-builder.1": program_page("image-builder", options.image_builder, options),
        "imgctl.1": program_page("imgctl", options.imgctl, options),
        "image-builder.json.5": settings_page(options.image_builder, options),
    }
    for file, page in pages.items():
        page.section("SEE ALSO")
        page.line(SEE_ALSO[file.rpartition(".")[0]])
        pathlib.Path(options.to, file).write_text(str(page), encoding="utf-8")


if __name__ == "__main__":
    main()
