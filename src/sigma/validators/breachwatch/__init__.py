"""Through this leaf of the namespace `sigma.validators`, sigma-cli finds our validators."""

from __future__ import annotations

from sigma.validators.core import validator_classname_to_identifier as _identifier

from breachwatch.detect.lint.validators import CLASSES as _CLASSES

__all__ = ["validators"]

validators = {_identifier(item.__name__): item for item in _CLASSES}
