"""Kernels on a GPU: compiled by NVRTC, which comes with torch, and launched through the driver."""

import base64
import ctypes
import glob
import hashlib
import json
import os
import sys
import tempfile
import threading

KERNELS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "kernels")
PROGRAMMATIC_STREAM_SERIALIZATION = 6  # CU_LAUNCH_ATTRIBUTE_..., cuda.h
MAX_DYNAMIC_SHARED_BYTES = 8  # CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES


class Unfit(Exception):
    """A variant is not for this GPU."""


class LaunchAttribute(ctypes.Structure):
    _fields_ = [("id", ctypes.c_int), ("pad", ctypes.c_char * 4), ("value", ctypes.c_int), ("rest", ctypes.c_char * 60)]


class LaunchConfig(ctypes.Structure):
    _fields_ = [("grid", ctypes.c_uint * 3), ("block", ctypes.c_uint * 3), ("shared_bytes", ctypes.c_uint),
                ("stream", ctypes.c_void_p), ("attributes", ctypes.POINTER(LaunchAttribute)),
                ("attribute_count", ctypes.c_uint)]


OVERLAP = LaunchAttribute(PROGRAMMATIC_STREAM_SERIALIZATION, b"", 1, b"")


# --- NVRTC ------------------------------------------------------------------------------------------------------------


def nvrtc_paths():
    """Where libnvrtc may be: in torch's wheels, in a toolkit, wherever the loader looks."""
    folders = [os.path.join(folder, "nvidia", "*", "lib") for folder in sys.path if folder]
    folders += [os.path.join(root, "lib*") for root in (os.environ.get("CUDA_HOME"), os.environ.get("CUDA_PATH")) if root]
    folders += [os.path.join(sys.prefix, "lib"), "/usr/local/cuda*/lib64", "/usr/local/cuda*/targets/*/lib"]
    for folder in folders:
        # The plain library, not its builtins; the shortest name of several is the link to the newest.
        yield from sorted(glob.glob(os.path.join(folder, "libnvrtc.so*")), key=len)
    yield "libnvrtc.so"


class Nvrtc:
    def __init__(self):
        tried = []
        for path in nvrtc_paths():
            try:
                self.library = ctypes.CDLL(path)
                break
            except OSError as error:
                tried.append(str(error))
        else:
            raise RuntimeError("scantune: libnvrtc cannot be opened ({}); install the wheel nvidia-cuda-nvrtc that "
                               "fits torch.version.cuda, or a CUDA toolkit".format(tried[-1]))
        self.library.nvrtcGetErrorString.restype = ctypes.c_char_p
        major, minor = ctypes.c_int(), ctypes.c_int()
        self.check("nvrtcVersion", ctypes.byref(major), ctypes.byref(minor))
        self.version = "{}.{}".format(major.value, minor.value)

    def check(self, name, *arguments):
        code = getattr(self.library, name)(*arguments)
        if code != 0:
            raise RuntimeError("scantune: {}: {}".format(name, self.library.nvrtcGetErrorString(code).decode()))

    def text(self, program, size_name, name):
        size = ctypes.c_size_t()
        self.check(size_name, program, ctypes.byref(size))
        buffer = ctypes.create_string_buffer(size.value)
        self.check(name, program, buffer)
        return buffer

    def compile(self, source, options, expressions):
        """(machine code, [name of each function in it])"""
        program = ctypes.c_void_p()
        self.check("nvrtcCreateProgram", ctypes.byref(program), source.encode(), b"scantune.cu", 0, None, None)
        try:
            for expression in expressions:
                self.check("nvrtcAddNameExpression", program, expression.encode())
            texts = (ctypes.c_char_p * len(options))(*[os.fsencode(option) for option in options])
            if self.library.nvrtcCompileProgram(program, len(options), texts) != 0:
                log = self.text(program, "nvrtcGetProgramLogSize", "nvrtcGetProgramLog").value.decode(errors="replace")
                errors = [line for line in log.splitlines() if "error" in line]
                raise Unfit(errors[0] if errors else "it does not compile")
            names = []
            for expression in expressions:
                name = ctypes.c_char_p()
                self.check("nvrtcGetLoweredName", program, expression.encode(), ctypes.byref(name))
                names.append(name.value.decode())
            return self.text(program, "nvrtcGetCUBINSize", "nvrtcGetCUBIN").raw, names
        finally:
            self.library.nvrtcDestroyProgram(ctypes.byref(program))


# --- Machine code, kept on disk ---------------------------------------------------------------------------------------


def cache_folder():
    root = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.environ.get("SCANTUNE_TORCH_CACHE") or os.path.join(root, "scantune", "torch")


def digest_of_kernels():
    digest = hashlib.sha256()
    for path in sorted(os.listdir(KERNELS)):
        with open(os.path.join(KERNELS, path), "rb") as file:
            text = file.read()
        digest.update("{} {}\n".format(path, len(text)).encode() + text)
    return digest.hexdigest()


def read_cache(path):
    try:
        with open(path, encoding="ascii") as file:
            stored = json.load(file)
        return base64.b64decode(stored["image"]), [str(name) for name in stored["names"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_cache(path, image, names):
    """Where that fails there is nothing to mend: it is compiled again next time."""
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path))
        with os.fdopen(handle, "w", encoding="ascii") as file:
            json.dump({"names": names, "image": base64.b64encode(image).decode()}, file)
        os.replace(temporary, path)
    except OSError:
        pass


class Compiler:
    def __init__(self):
        self.nvrtc = None
        self.kernels = digest_of_kernels()

    def __call__(self, family, expressions, capability):
        if self.nvrtc is None:
            self.nvrtc = Nvrtc()
        files = sorted(name for name in os.listdir(KERNELS)
                       if name == family + ".cuh" or (name.startswith(family + "_") and name.endswith(".cuh")))
        source = "".join('#include "{}"\n'.format(name) for name in files)
        options = ["--gpu-architecture=sm_{}".format(capability), "--std=c++17", "-default-device"]
        key = json.dumps([self.kernels, source, options, expressions, self.nvrtc.version])
        path = os.path.join(cache_folder(), hashlib.sha256(key.encode()).hexdigest() + ".json")
        stored = read_cache(path)
        if stored is None:
            stored = self.nvrtc.compile(source, options + ["--include-path=" + KERNELS], expressions)
            write_cache(path, *stored)
        return stored


# --- The driver -------------------------------------------------------------------------------------------------------


class Driver:
    def __init__(self):
        self.library = ctypes.CDLL("libcuda.so.1")

    def __call__(self, name, *arguments):
        code = getattr(self.library, name)(*arguments)
        if code != 0:
            text = ctypes.c_char_p()
            self.library.cuGetErrorName(code, ctypes.byref(text))
            raise RuntimeError("scantune: {}: {}".format(name, text.value.decode() if text.value else code))


class Loaded:
    """A plan's functions on a GPU, ready to be launched."""

    def __init__(self, driver, compiler, plan, chip):
        self.driver = driver
        image, names = compiler(plan.variant.kernel, [launch.entry for launch in plan.launches], chip.capability)
        module = ctypes.c_void_p()  # stays loaded for as long as the process lives: captured graphs may hold it
        driver("cuModuleLoadData", ctypes.byref(module), image)
        self.functions = []
        self.most_blocks = []
        for launch, name in zip(plan.launches, names):
            function = ctypes.c_void_p()
            driver("cuModuleGetFunction", ctypes.byref(function), module, name.encode())
            if launch.shared_bytes > 0:
                try:
                    driver("cuFuncSetAttribute", function, MAX_DYNAMIC_SHARED_BYTES, launch.shared_bytes)
                except RuntimeError as error:
                    raise Unfit(str(error))
            blocks = ctypes.c_int()
            driver("cuOccupancyMaxActiveBlocksPerMultiprocessor", ctypes.byref(blocks), function, launch.threads,
                   ctypes.c_size_t(launch.shared_bytes))
            if blocks.value == 0:
                raise Unfit("not one block fits a multiprocessor")
            self.functions.append(function)
            self.most_blocks.append(blocks.value * chip.multiprocessors)

    def run(self, plan, geometry, source, target, workspace, stream, capability):
        values = [ctypes.c_uint64(source), ctypes.c_uint64(target), ctypes.c_uint64(workspace)]
        values += [ctypes.c_int64(extent) for extent in geometry]
        arguments = (ctypes.c_void_p * len(values))(*[ctypes.addressof(value) for value in values])
        for launch, function, most_blocks in zip(plan.launches, self.functions, self.most_blocks):
            config = LaunchConfig()
            config.grid[:] = (min(launch.blocks, most_blocks) if launch.resident else launch.blocks, 1, 1)
            config.block[:] = (launch.threads, 1, 1)
            config.shared_bytes = launch.shared_bytes
            config.stream = stream
            config.attributes = ctypes.pointer(OVERLAP)
            # It may start while the kernel in front of it still runs, and waits for that itself.
            config.attribute_count = 1 if capability >= 90 else 0
            self.driver("cuLaunchKernelEx", ctypes.byref(config), function, arguments, None)


class Gpu:
    """One GPU: what was loaded there, and the plan for each tensor seen."""

    lock = threading.Lock()
    driver = None
    compiler = None

    def __init__(self, index, chip, candidates):
        with Gpu.lock:
            if Gpu.driver is None:
                Gpu.driver, Gpu.compiler = Driver(), Compiler()
        self.index, self.chip, self.candidates = index, chip, candidates
        self.loaded = {}  # by entries: what to launch, or why it cannot be
        self.chosen = {}  # by geometry and types

    def make_current(self):
        """The driver's calls go to the thread's context, which a new thread does not have."""
        context = ctypes.c_void_p()
        self.driver("cuCtxGetCurrent", ctypes.byref(context))
        if not context.value:
            device = ctypes.c_int()
            self.driver("cuDeviceGet", ctypes.byref(device), self.index)
            self.driver("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
            self.driver("cuCtxSetCurrent", context)

    def choose(self, geometry, types):
        """(the plan, its functions): the first candidate that this GPU takes."""
        found = self.chosen.get((geometry, types))
        if found is not None:
            return found
        with Gpu.lock:
            reasons = []
            for plan in self.candidates(geometry, types, self.chip):
                key = tuple((launch.entry, launch.threads, launch.shared_bytes) for launch in plan.launches)
                if key not in self.loaded:
                    try:
                        self.loaded[key] = Loaded(self.driver, self.compiler, plan, self.chip)
                    except Unfit as unfit:
                        self.loaded[key] = "{}: {}".format(plan.variant.kernel, unfit)
                if not isinstance(self.loaded[key], str):
                    self.chosen[geometry, types] = plan, self.loaded[key]
                    return self.chosen[geometry, types]
                reasons.append(self.loaded[key])
        raise RuntimeError("scantune: no kernel runs on {}: {}".format(self.chip.name, "; ".join(reasons)))

    def run(self, geometry, types, source, target, empty_bytes, stream):
        """Enqueues the sums of a tensor. `empty_bytes` makes the workspace, an owner of memory with data_ptr()."""
        self.make_current()
        plan, loaded = self.choose(geometry, types)
        workspace = empty_bytes(plan.workspace_bytes) if plan.workspace_bytes else None
        loaded.run(plan, geometry, source, target, workspace.data_ptr() if workspace is not None else 0, stream,
                   self.chip.capability)
        return plan
