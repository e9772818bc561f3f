"""The gates: is this photo, are these words, is this video something we show?"""
