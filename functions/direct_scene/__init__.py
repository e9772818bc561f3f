"""From a photo's labels and a person's words to one Direction for an engine."""
