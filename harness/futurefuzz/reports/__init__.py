"""How findings and campaigns are shown: console, timeline, summary, JSON."""
