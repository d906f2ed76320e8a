"""Speed comparisons: `python -m tests.benchmarks.NAME`. They print ratios out of one run and assert nothing on time."""
