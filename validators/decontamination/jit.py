"""numba's compiler, or what to install."""

from factory.errors import FactoryError

try:
    from numba import njit
except ImportError as error:
    raise FactoryError(
        "decontamination needs numba, which is not installed: pip install 'seedfactory[seeds]'"
    ) from error

__all__ = ["njit"]
