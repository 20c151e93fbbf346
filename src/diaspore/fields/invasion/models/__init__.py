"""The named models, one a file: equations, what moves, where it starts."""

from __future__ import annotations

from diaspore.fields.invasion.model import Model
from diaspore.fields.invasion.models import el_hachem, fisher_kpp, gatenby_gawlinski, haptotaxis, upa

MODELS: dict[str, Model] = {
    part.MODEL.name: part.MODEL for part in (fisher_kpp, gatenby_gawlinski, el_hachem, haptotaxis, upa)
}
"""By the word used in files."""
