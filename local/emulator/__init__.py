"""The local AWS: ministack, with the behaviour of AWS that it lacks and this application needs.

One module a concern, each with an `install()` that replaces functions of the emulator. Every patch
has a test in tests/contract/test_emulator_patches.py that shows the patched behaviour itself.
"""
