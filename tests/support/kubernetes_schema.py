"""Checks manifests against the types of Kubernetes itself, as the models of its Python client carry them."""

import re

from kubernetes import client

_PLAIN = {"str": str, "int": int, "bool": bool, "float": (int, float), "datetime": str}


def faults(item):
    """Every fault of a manifest, as "path: what is wrong"."""
    group, _, version = item["apiVersion"].rpartition("/")
    # The models are named without groups; those of two groups never share a name at the same version.
    model = version[0].upper() + version[1:] + item["kind"]
    known = {"": "v1", "apps": "v1", "rbac.authorization.k8s.io": "v1", "networking.k8s.io": "v1"}
    if known.get(group) != version:
        yield f".apiVersion: {item['apiVersion']} is not known"
        return
    yield from _object("", item, model)


def _object(path, value, name):
    if not isinstance(value, dict):
        yield f"{path}: {type(value).__name__} is no object"
        return
    model = getattr(client, name)
    fields = {wire: model.openapi_types[own] for own, wire in model.attribute_map.items()}
    for key, below in value.items():
        if key in fields:
            yield from _value(f"{path}.{key}", below, fields[key])
        else:
            yield f"{path}.{key}: unknown"
    # The models refuse to be made without a field that is needed; what the fields hold is looked at above.
    own = {own: value[wire] for own, wire in model.attribute_map.items() if wire in value}
    try:
        model(**own)
    except ValueError as refused:
        yield f"{path}: {refused}"


def _value(path, value, kind):
    listed = re.fullmatch(r"list\[(.*)\]", kind)
    mapped = re.fullmatch(r"dict\(str, (.*)\)", kind)
    if listed:
        if not isinstance(value, list):
            yield f"{path}: {type(value).__name__} is no list"
            return
        for index, below in enumerate(value):
            yield from _value(f"{path}[{index}]", below, listed[1])
    elif mapped:
        if not isinstance(value, dict):
            yield f"{path}: {type(value).__name__} is no object"
            return
        for key, below in value.items():
            yield from _value(f"{path}.{key}", below, mapped[1])
    elif kind in _PLAIN:
        if not isinstance(value, _PLAIN[kind]) or (isinstance(value, bool) and kind != "bool"):
            yield f"{path}: {type(value).__name__} instead of {kind}"
    elif kind != "object":  # an integer or a name
        yield from _object(path, value, kind)
