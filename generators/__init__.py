"""Operator rules and the random programs and input values made from them."""
