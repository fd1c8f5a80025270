"""What a device computes at best, measured: the yardstick of `percent_of_peak`."""

import time


def peak_gflops(threads: int, device: str = "cpu") -> float:
    """What a square fp32 matrix product reaches, the best of eight: 1024 wide on so many threads, 4096 on a GPU."""
    import torch

    former = torch.get_num_threads()
    torch.set_num_threads(threads)
    side = 1024 if device == "cpu" else 4096
    a, b = torch.ones(side, side, device=device), torch.ones(side, side, device=device)
    best = float("inf")
    for _ in range(8):
        _settle(device)
        begun = time.perf_counter()
        torch.mm(a, b)
        _settle(device)
        best = min(best, time.perf_counter() - begun)
    torch.set_num_threads(former)
    return 2 * side**3 / best / 1e9


def _settle(device: str) -> None:
    """Wait until the device has done what it was told."""
    import torch

    if device.startswith("cuda"):
        torch.cuda.synchronize()
    elif device == "mps":
        torch.mps.synchronize()
