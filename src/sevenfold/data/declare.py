"""Reading the declaration of an event: annotations and defaults in, fields and faults out."""

from __future__ import annotations

import inspect
import sys
import types
import typing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sevenfold.data.convert import physical_default
from sevenfold.data.fields import MISSING, Declared, Field, Kind, declared
from sevenfold.data.money import DIGITS
from sevenfold.data.refusal import RefusedError, shown
from sevenfold.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["default_faults", "own_annotations", "own_fields", "role_faults", "with_currencies"]

_CURRENCY = "currency"
_KEY_KINDS = (Kind.TEXT, Kind.INTEGER, Kind.ENTITY)
_TYPES = "sf.Timestamp, sf.Entity, sf.Money, sf.Category, str, int, float or bool, alone or `| None`"


def own_annotations(cls: type) -> dict[str, object]:
    """Return the annotations that a class itself makes, evaluated where the class stands.

    What cannot be evaluated stays text, to be reported with everything else.
    """
    annotations = inspect.get_annotations(cls)
    if not any(isinstance(annotation, str) for annotation in annotations.values()):
        return annotations
    scope_globals, scope_locals = _scope(cls.__module__)
    return {
        name: _evaluated(annotation, scope_globals, scope_locals)
        if isinstance(annotation, str)
        else annotation
        for name, annotation in annotations.items()
    }


def own_fields(
    event: str, annotations: Mapping[str, object], defaults: Mapping[str, object], reserved: Iterable[str]
) -> tuple[dict[str, Field], list[Fault]]:
    """Return the fields that annotations declare, and a fault for each that declares none.

    Parameters
    ----------
    event
        The event's name.
    annotations, defaults
        By the field's name.
    reserved
        Names that mean something else on an event's class.
    """
    fields, faults = {}, []
    for name, annotation in annotations.items():
        where = f"{event}.{name}"
        if name.startswith("_"):
            faults.append(Fault(where, "a name without a leading underscore", repr(name)))
        elif name in reserved:
            faults.append(Fault(where, "a name that means nothing else on an event", repr(name)))
        elif (spec := declared(annotation)) is None:
            faults.append(Fault(where, _TYPES, _written(annotation)))
        elif (fault := _parameter_fault(where, spec)) is not None:
            faults.append(fault)
        else:
            fields[name] = Field(
                name,
                spec.kind,
                nullable=spec.nullable,
                default=defaults.get(name, MISSING),
                entity=(spec.parameter or name) if spec.kind is Kind.ENTITY else None,
                currency=spec.parameter if spec.kind is Kind.MONEY else None,
            )
    return fields, faults


def with_currencies(fields: Mapping[str, Field]) -> dict[str, Field]:
    """Tie each amount without a fixed currency to the event's field ``currency``, where there is one."""
    currency = fields.get(_CURRENCY)
    if currency is None or currency.kind not in (Kind.CATEGORY, Kind.TEXT):
        return dict(fields)
    return {
        name: replace(field, currency_field=_CURRENCY)
        if field.kind is Kind.MONEY and field.currency is None
        else field
        for name, field in fields.items()
    }


def default_faults(event: str, fields: Mapping[str, Field]) -> list[Fault]:
    """Return a fault for each default that its own field would refuse."""
    faults = []
    for name, field in fields.items():
        where = f"the default of {event}.{name}"
        if field.default is None and not field.nullable:
            faults.append(Fault(where, "a value", "None", "Declare the field `| None` to allow it"))
            continue
        try:
            physical_default(field, fields)
        except RefusedError as refused:
            faults.append(refused.at(where))
    return faults


def role_faults(
    event: str, fields: Mapping[str, Field], key: str, time: str, skip: Iterable[str]
) -> list[Fault]:
    """Return what is wrong with the choice of the key and of the time.

    ``skip`` names fields that were refused already, and are not to be missed a second time.
    """
    roles = (
        ("key", key, _KEY_KINDS, "a field of type str, int or sf.Entity"),
        ("time", time, (Kind.TIMESTAMP,), "a field of type sf.Timestamp"),
    )
    faults = []
    for role, name, kinds, expected in roles:
        where = f"{event}, {role}="
        if not name:
            hint = f'Declare it in the class statement: class {event}(sf.Event, key="…", time="…")'
            faults.append(Fault(where, expected, "nothing", hint))
        elif name not in fields:
            if name not in skip:
                hint = f"The fields are: {', '.join(fields) or 'none'}"
                faults.append(Fault(where, expected, f"{name!r}, which is no field", hint))
        elif fields[name].kind not in kinds:
            faults.append(Fault(where, expected, f"{name!r}, which holds a {fields[name].kind.value}"))
        elif fields[name].nullable or fields[name].default is not MISSING:
            faults.append(Fault(where, "a field that every event gives", f"{name!r}, which may be left out"))
    return faults


def _parameter_fault(where: str, spec: Declared) -> Fault | None:
    if spec.parameter is None:
        return None
    if spec.kind is Kind.MONEY and spec.parameter not in DIGITS:
        return Fault(where, 'an ISO 4217 currency code, as in sf.Money["EUR"]', shown(spec.parameter))
    if spec.kind is Kind.ENTITY and not spec.parameter.isidentifier():
        return Fault(where, 'a plain name, as in sf.Entity["account"]', shown(spec.parameter))
    return None


def _written(annotation: object) -> str:
    if isinstance(annotation, str):
        return f"`{annotation}`, which names nothing here"
    return f"`{annotation.__name__ if isinstance(annotation, type) else annotation}`"


def _scope(module: str) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """Find the names that the class statement sees: a design's file need not be an imported module."""
    frame: types.FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_code.co_name == "__new__":  # metaclasses, as deep as they inherit
        frame = frame.f_back
    while frame is not None:
        if frame.f_globals.get("__name__") == module:
            return frame.f_globals, frame.f_locals
        frame = frame.f_back
    return vars(sys.modules[module]) if module in sys.modules else {}, {}


def _evaluated(text: str, scope_globals: dict[str, Any], scope_locals: Mapping[str, Any]) -> object:
    holder = types.SimpleNamespace(__annotations__={"field": text})
    try:
        hints = typing.get_type_hints(holder, scope_globals, dict(scope_locals), include_extras=True)
    except (NameError, AttributeError, TypeError, SyntaxError):
        return text
    return hints["field"]
