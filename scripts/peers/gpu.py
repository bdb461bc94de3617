"""The GPU: its copy engine's control, samples, graphs, and inputs whose sums are known.

Every sample begins behind a wait on the GPU, so that the host has enqueued all of it before it starts, and behind
reads of a buffer of four times the L2, so that what lies in the cache is clean and of no use to anyone. Its time
is that between two CUDA events.
"""

import collections
import ctypes
import time

import torch

DTYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16, "f64": torch.float64,
          "i32": torch.int32, "i64": torch.int64}
# Of the results. Sums of neighbours are differences of two, exact in every type; those of some tens of stretches that
# are no neighbours, as tl.sum of halves adds them, are exact in f16, too.
LARGEST = 15
CHUNK = 1 << 27  # elements compared at a time
WAIT_S = 6e-4  # on the GPU, before a sample
SHORT_S = 50e-6  # copies below this make samples of several runs
SAMPLE_S = 500e-6  # what such a sample takes, for a copy
MOST_RUNS = 256
MOST_ENQUEUED = 32  # runs of a sample that no graph holds


class Lost(Exception):
    """The context is lost: nothing more can be done in this process."""


class Driver:
    """Of libcuda, what torch does not show."""

    def __init__(self):
        self.library = ctypes.CDLL("libcuda.so.1")

    def __call__(self, name, *arguments):
        code = getattr(self.library, name)(*arguments)
        if code != 0:
            text = ctypes.c_char_p()
            self.library.cuGetErrorName(code, ctypes.byref(text))
            raise RuntimeError("{}: {}".format(name, text.value.decode() if text.value else code))


class Gpu:
    def __init__(self):
        torch.cuda.init()
        self.driver = Driver()
        self.properties = torch.cuda.get_device_properties(0)
        self.name = self.properties.name
        self.capability = "{}{}".format(self.properties.major, self.properties.minor)
        self.cache_bytes = self.properties.L2_cache_size
        self.stream = torch.cuda.Stream()
        torch.cuda.set_stream(self.stream)
        self.flush_bytes = 4 * self.cache_bytes
        self.lines = torch.zeros(self.flush_bytes // 4, dtype=torch.int32, device="cuda")
        self.sum = torch.zeros((), dtype=torch.int64, device="cuda")
        self.begin = torch.cuda.Event(enable_timing=True)
        self.end = torch.cuda.Event(enable_timing=True)
        torch.cuda._sleep(1000)
        self.cycles_per_s = self._cycles_per_s()

    def _cycles_per_s(self):
        cycles = 20000000
        for _ in range(2):  # the first wakes the GPU up
            self.begin.record()
            torch.cuda._sleep(cycles)
            self.end.record()
            self.end.synchronize()
        return cycles / (self.begin.elapsed_time(self.end) * 1e-3)

    @property
    def memory_bytes(self):
        return self.properties.total_memory

    def copy(self, source, target):
        """What cudaMemcpyAsync does from device to device; Tensor.copy_ may run a kernel of torch's."""
        self.driver("cuMemcpyDtoDAsync_v2", ctypes.c_uint64(target.data_ptr()), ctypes.c_uint64(source.data_ptr()),
                    ctypes.c_size_t(source.numel() * source.element_size()),
                    ctypes.c_void_p(torch.cuda.current_stream().cuda_stream))
        return target

    def synchronize(self):
        """Raises what went wrong on the GPU. Raises Lost where the context is."""
        try:
            torch.cuda.synchronize()
        except Exception as error:
            raise Lost(str(error).splitlines()[0])

    def release(self):
        torch.cuda.empty_cache()

    def is_out_of_memory(self, error):
        return isinstance(error, torch.cuda.OutOfMemoryError) or "out of memory" in str(error).lower()

    # --- Inputs and results ---

    def make_input(self, workload, seed=1):
        """(input, result): small random integers, and the differences of neighbours that add up to them."""
        generator = torch.Generator(device="cuda")
        generator.manual_seed(seed)
        result = torch.randint(-LARGEST, LARGEST + 1, workload.shape, dtype=torch.int8, device="cuda",
                               generator=generator)
        return self.differences(result, workload).to(DTYPES[workload.dtype]), result

    @staticmethod
    def differences(result, workload):
        x = result.clone()
        if workload.n > 1:
            x.narrow(workload.dim, 0, workload.n - 1).sub_(result.narrow(workload.dim, 1, workload.n - 1))
        return x

    @staticmethod
    def wrong(found, expected, dtype=None):
        """What is wrong in a result, in words; None where every element is right."""
        if tuple(found.shape) != tuple(expected.shape):
            return "shape {} instead of {}".format(tuple(found.shape), tuple(expected.shape))
        if dtype is not None and found.dtype != dtype:
            return "dtype {} instead of {}".format(found.dtype, dtype)
        dim = max(range(found.dim()), key=lambda d: found.shape[d])
        step = max(1, CHUNK // max(1, found.numel() // found.shape[dim]))
        wrong = 0
        for begin in range(0, found.shape[dim], step):
            size = min(step, found.shape[dim] - begin)
            wrong += int((found.narrow(dim, begin, size) != expected.narrow(dim, begin, size)).sum())
        return "{} of {} elements wrong".format(wrong, found.numel()) if wrong else None

    # --- Samples ---

    def before_sample(self, wait_s):
        torch.cuda._sleep(int(wait_s * self.cycles_per_s))
        torch.sum(self.lines, dim=0, out=self.sum)

    def sample_ns(self, enqueue, wait_s=WAIT_S):
        """The time of what `enqueue` enqueues, and the host's time for that in seconds."""
        self.before_sample(wait_s)
        self.begin.record()
        start = time.perf_counter()
        enqueue()
        host_s = time.perf_counter() - start
        self.end.record()
        self.end.synchronize()
        return self.begin.elapsed_time(self.end) * 1e6, host_s

    def capture(self, runs):
        """A graph of the runs, and their last results, which it writes."""
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=self.stream, capture_error_mode="thread_local"):
            results = runs()
        return graph, results


class Tensors:
    """The tensors of a workload, and for short ones as many more sets as are twice the L2 together."""

    def __init__(self, gpu, workload):
        self.workload = workload
        self.x, self.expected = gpu.make_input(workload)
        self.out = torch.empty_like(self.x)
        self.sets = [(self.x, self.out)]
        self.runs = 1

    def rotate(self, gpu, copy_ns):
        if copy_ns * 1e-9 >= SHORT_S:
            return
        self.runs = max(1, min(MOST_RUNS, round(SAMPLE_S / (copy_ns * 1e-9))))
        set_bytes = 2 * self.workload.bytes
        if set_bytes < 2 * gpu.cache_bytes:
            more = min(self.runs - 1, -(-2 * gpu.cache_bytes // set_bytes))
            self.sets += [(self.x.clone(), torch.empty_like(self.x)) for _ in range(more)]


class Subject:
    """One thing to be timed: a function of input and output that returns its result, in the output or elsewhere."""

    def __init__(self, gpu, tensors, run):
        self.gpu, self.tensors, self.run = gpu, tensors, run
        self.graph = None
        self.results = None
        self.wait_s = WAIT_S
        self.runs = 1
        self.note = ""

    def once(self):
        return self.run(self.tensors.x, self.tensors.out)

    def enqueue_runs(self, runs):
        sets = self.tensors.sets
        # As many results live as there are outputs, so that those who allocate theirs rotate, too.
        results = collections.deque(maxlen=len(sets))
        for i in range(runs):
            results.append(self.run(*sets[i % len(sets)]))
        return results

    def prepare(self):
        """Makes what a sample enqueues. Where no graph can be made of it, its runs are enqueued one by one."""
        runs = self.tensors.runs
        if runs > 1:
            try:
                self.graph, self.results = self.gpu.capture(lambda: self.enqueue_runs(runs))
                self.runs = runs
                self.graph.replay()
            except Exception as error:
                self.gpu.synchronize()
                self.graph, self.runs = None, min(runs, MOST_ENQUEUED)
                self.note = "no CUDA graph ({}): {} runs enqueued".format(str(error).splitlines()[0], self.runs)
        self.gpu.synchronize()
        _, host_s = self.gpu.sample_ns(self.enqueue, self.wait_s)
        self.wait_s = max(WAIT_S, 2 * host_s)

    def fault_of_graph(self):
        """What is wrong in the last results of its graph, one a set of tensors; None where all are right."""
        faults = [self.gpu.wrong(result, self.tensors.expected) for result in self.results or ()]
        return next(("in a CUDA graph: " + fault for fault in faults if fault), None)

    def enqueue(self):
        if self.graph is not None:
            self.graph.replay()
        elif self.runs > 1:
            self.enqueue_runs(self.runs)
        else:
            self.once()

    def sample_ns(self):
        return self.gpu.sample_ns(self.enqueue, self.wait_s)[0] / self.runs
