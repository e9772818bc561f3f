"""InspectVideo: is the engine's clip what was asked for, and is it safe to look at?"""
