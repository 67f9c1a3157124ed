"""All targets by their names."""

from tests.fuzz import forms, images, tensors

TARGETS = {target.name: target for target in (images.TARGET, forms.TARGET, tensors.TARGET)}
