"""The reference of the configuration's keys, from its JSON schema."""


def write_settings(page, schema):
    page.section("DESCRIPTION")
    page.paragraph("One JSON object. Every key may be left out, and null is the same as leaving it out. image-builder "
                   "check-config names every fault of a file with its path; image-builder generate schema prints the "
                   "schema that this page is made from.")
    page.section("KEYS")
    for name, value in schema["properties"].items():
        _write(page, name, value)


def _write(page, path, schema):
    """One key, or all of those in an object."""
    if "properties" in schema:
        if schema.get("description"):
            page.subsection(path)
            page.paragraph(schema["description"])
        needed = schema.get("required", [])
        # Keys of this object first: those of objects within it come under headings of their own.
        for name, value in sorted(schema["properties"].items(), key=lambda entry: "properties" in entry[1]):
            _write(page, f"{path}.{name}", value | ({"needed": True} if name in needed else {}))
        return
    named = schema.get("additionalProperties")
    if isinstance(named, dict):
        page.subsection(path)
        page.paragraph(schema["description"])
        _write(page, f"{path}.DOMAIN", named)
        return
    words = [schema.get("description", "")]
    choices = [str(choice) for choice in schema.get("enum", []) if choice is not None]
    if choices:
        words.append(f"One of {', '.join(choices)}.")
    if "maximum" in schema:
        words.append(f"At most {schema['maximum']}.")
    if schema.get("needed"):
        words.append("Needed where the object around it is given.")
    if schema.get("default", "") not in ("", None, []):
        words.append(f"Default: {_shown(schema['default'])}.")
    page.definition(path, " ".join(word for word in words if word))


def _shown(value):
    return str(value).lower() if isinstance(value, bool) else str(value)
