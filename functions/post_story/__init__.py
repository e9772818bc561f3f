"""Gate 3: the last look at a story before others see it."""
