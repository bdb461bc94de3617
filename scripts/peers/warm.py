"""Compiles Triton's kernels in several processes, into Triton's cache on disk, before anything is timed."""

import concurrent.futures
import multiprocessing
import os


def specialization(value):
    """What Triton compiles differently for."""
    return value if value == 1 else (value % 16 == 0, value > 0x7FFFFFFF)


def jobs_of(workloads, seed_blocks, triton):
    """[(what, workload, setting)], one for each kernel that comes out different."""
    import seed_text
    import triton_kernels
    jobs = {}
    for workload in workloads:
        if triton:
            for words, kernel, _, integers, options in triton_kernels.launches(workload):
                key = (str(kernel.__name__), workload.dtype, tuple(map(specialization, integers)),
                       tuple((name, str(value)) for name, value in sorted(options.items())))
                jobs.setdefault(key, ("triton", workload, words))
        for block in seed_blocks(workload):
            if seed_text.refusal(workload.n, block):
                continue
            blocks = -(-workload.n // block)
            rows = workload.elements // workload.n
            key = ("seed", workload.dtype, block, blocks <= 1024) + tuple(map(specialization,
                                                                            (rows, workload.n, blocks)))
            jobs.setdefault(key, ("seed", workload, block))
    return list(jobs.values())


def compile_job(job, seed_folder):
    """Nothing is launched. Whatever goes wrong here goes wrong again, and is reported, when it is measured."""
    what, workload, setting = job
    try:
        import torch
        from gpu import DTYPES
        element = DTYPES[workload.dtype]
        if what == "triton":
            import triton_kernels
            for words, kernel, programs, integers, options in triton_kernels.launches(workload):
                if words == setting:
                    kernel.warmup(element, element, *integers, grid=(programs,), **options)
        else:
            import seed_text
            module = seed_text.load(seed_folder, setting)
            blocks = -(-workload.n // setting)
            rows = workload.elements // workload.n
            extents = (rows, workload.n, blocks)
            module.block_sums_kernel.warmup(element, element, *extents, BLOCK_N=setting, grid=(1,))
            if blocks <= 1024:
                module.block_prefix_cumsum_kernel.warmup(element, element, rows, blocks, BLOCK_NBLOCKS=1024, grid=(1,))
            module.cumsum_with_prefix_kernel.warmup(element, element, element, *extents, BLOCK_N=setting, grid=(1,))
        del torch
    except Exception as error:
        return "{}: {}".format(type(error).__name__, str(error).splitlines()[0] if str(error) else "")
    return None


def run(jobs, seed_folder, processes, time_limit_s):
    """Returns how many were compiled, and the first failure."""
    done, failure = 0, None
    if not jobs:
        return done, failure
    pool = concurrent.futures.ProcessPoolExecutor(max_workers=max(1, min(processes, len(jobs))),
                                                  mp_context=multiprocessing.get_context("spawn"))
    try:
        futures = [pool.submit(compile_job, job, seed_folder) for job in jobs]
        for future in concurrent.futures.as_completed(futures, timeout=time_limit_s):
            error = future.result()
            done += error is None
            failure = failure or error
    except (concurrent.futures.TimeoutError, concurrent.futures.process.BrokenProcessPool) as error:
        failure = failure or type(error).__name__
    # Whoever still compiles ends with its job, and nobody waits for the rest.
    pool.shutdown(wait=True, cancel_futures=True)
    return done, failure


def default_processes():
    return min(12, os.cpu_count() or 1)
