"""The store of a campaign."""
