"""The teacher: how generators and validators ask models, run programs and draw."""

from factory.teacher.teacher import Teacher

__all__ = ["Teacher"]
