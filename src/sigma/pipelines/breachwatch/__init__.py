"""Through this leaf of the namespace `sigma.pipelines`, sigma-cli finds the pipeline `breachwatch`."""

from __future__ import annotations

from sigma.processing.pipeline import ProcessingItem, ProcessingPipeline
from sigma.processing.transformations import SetStateTransformation

from breachwatch.detect.compiling import ROUTED

__all__ = ["breachwatch", "pipelines"]


def breachwatch() -> ProcessingPipeline:
    """Searches the datasets of the lake that a rule's log source maps to, under their field names.

    One rule may search several tables under different names, which a pipeline cannot express; so this one only asks
    the backend to do it.
    """
    return ProcessingPipeline(
        name="breachwatch: datasets of the lake",
        allowed_backends=frozenset({"breachwatch"}),
        priority=20,
        items=[ProcessingItem(identifier="breachwatch_routes", transformation=SetStateTransformation(ROUTED, "yes"))],
    )


pipelines = {"breachwatch": breachwatch}
