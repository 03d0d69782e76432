"""Semantic coverage: which passes fire, which patterns match, what is fused and how operators are lowered."""
