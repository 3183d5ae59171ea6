"""The one exception that tells a user what is wrong with what they gave the compiler."""


class CompileError(Exception):
    """
    A model, option or environment that the compiler can't work with.

    The message is one sentence for the user: what, where, expected, received, what to do.
    """
