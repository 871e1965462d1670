"""Optional packages: asked for by name before they are imported, so that who lacks one reads what to install."""

import importlib.util

from factory.errors import FactoryError, MissingPackage


def need(extra: str, *modules: str, by: str, raises: type[FactoryError] = MissingPackage) -> None:
    """Raises MissingPackage, or `raises`, where a module of an extra is not installed. `by`: what needs it."""
    if missing := [name for name in modules if importlib.util.find_spec(name) is None]:
        which = "which is" if len(missing) == 1 else "which are"
        raise raises(f"{by} needs {', '.join(missing)}, {which} not installed: {install(extra)}")


def install(extra: str) -> str:
    """The command that installs an extra."""
    return f"pip install 'seedfactory[{extra}]'"
