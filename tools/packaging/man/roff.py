"""Writes the little of the man(7) language that the pages need."""


def escaped(text):
    """Text as it is to be read: nothing in it is a request or an escape, and `-` is the character one types."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga").replace('"', "\\(dq")
    text = text.replace("^", "\\(ha").replace("~", "\\(ti").replace("…", "...")
    return "\\&" + text if text.startswith((".", "\\(aq")) else text


class Page:
    """A page under construction; `str()` is its source."""

    def __init__(self, name, section, date, version, manual):
        fields = (name.upper(), section, date, f"image-builder {version}", manual)
        self._lines = [".TH " + " ".join(f'"{escaped(field)}"' for field in fields), ".nh"]

    def __str__(self):
        return "\n".join(self._lines) + "\n"

    def section(self, title):
        self._lines.append(f'.SH "{escaped(title)}"')

    def subsection(self, title):
        self._lines.append(f'.SS "{escaped(title)}"')

    def paragraph(self, text):
        self._lines += [".PP", escaped(text)]

    def line(self, text):
        """Goes on with the paragraph or definition above."""
        self._lines.append(escaped(text))

    def bold(self, text):
        self._lines += [".PP", f'.B "{escaped(text)}"']

    def definition(self, term, text):
        self._lines += [".TP", f'.B "{escaped(term)}"', escaped(text) if text else "\\&"]

    def verbatim(self, lines):
        self._lines += [".PP", ".RS 4", ".nf"] + [escaped(line) for line in lines] + [".fi", ".RE"]
