"""A draft waits for its words, and shows what its photo has to say."""
