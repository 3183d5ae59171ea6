"""What goes wrong with bundles."""


class BundleError(Exception):
    """A bundle, or what it is given, can't be used; one sentence: what, where, what to do."""


class ProcessorError(BundleError):
    """This processor lacks an instruction set."""
