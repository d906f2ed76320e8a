"""Campaigns: units of work, worker processes that may die, and the confirmation of what they find."""
