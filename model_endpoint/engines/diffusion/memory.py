"""Memory that ran out, told apart from other failures, and memory given back after any."""

import gc

import torch

from model_endpoint.engines.motion.memory import give_back

BYTES_A_GIB = 1024**3
#: What PyTorch's allocator of ordinary memory says; it has no class of its own.
CPU_ALLOCATOR = "DefaultCPUAllocator"


def ran_out(error: BaseException) -> bool:
    """Whether an error says that there was not enough memory."""
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or (
        isinstance(error, RuntimeError) and CPU_ALLOCATOR in str(error)
    )


def release() -> None:
    """Give the system and the graphics card what nothing holds any more.

    An error that is still being handled holds the tensors of every call it went through: call this
    after it.
    """
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    give_back()


def start_measuring() -> None:
    """From now on the peak is of one clip."""
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()


def peak_gib() -> float | None:
    """The most that tensors took of the graphics card; None where there is none."""
    if not torch.cuda.is_available():
        return None
    return round(float(torch.cuda.max_memory_allocated()) / BYTES_A_GIB, 3)


def size_gib() -> float | None:
    """All memory of the graphics card; None where there is none."""
    if not torch.cuda.is_available():
        return None
    return round(float(torch.cuda.get_device_properties(0).total_memory) / BYTES_A_GIB, 3)
