"""Words to wishes: what a prompt in ten languages asks of a photo, as data and one reader."""

from story.vocabulary.inabilities import UNABLE
from story.vocabulary.reader import read

__all__ = ["UNABLE", "read"]
