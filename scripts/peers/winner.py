"""scantune's winner in this process: its kernel from kernels/, compiled by NVRTC and launched as its best file says."""

import ctypes
import glob
import os
import sys

import best as best_files

PROGRAMMATIC_STREAM_SERIALIZATION = 6  # CU_LAUNCH_ATTRIBUTE_..., cuda.h
MAX_DYNAMIC_SHARED_BYTES = 8  # CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
POISON = 0xA5
GUARD_BYTES = 1 << 20


class LaunchAttribute(ctypes.Structure):
    _fields_ = [("id", ctypes.c_int), ("pad", ctypes.c_char * 4), ("value", ctypes.c_int), ("rest", ctypes.c_char * 60)]


class LaunchConfig(ctypes.Structure):
    _fields_ = [("grid", ctypes.c_uint * 3), ("block", ctypes.c_uint * 3), ("shared_bytes", ctypes.c_uint),
                ("stream", ctypes.c_void_p), ("attributes", ctypes.POINTER(LaunchAttribute)),
                ("attribute_count", ctypes.c_uint)]


def find_nvrtc():
    """libnvrtc of torch's wheels or of a toolkit, as a path for dlopen."""
    folders = [os.path.join(folder, "nvidia", "*", "lib") for folder in sys.path if folder]
    folders += ["/usr/local/cuda*/lib64", "/usr/local/cuda*/targets/x86_64-linux/lib"]
    for folder in folders:
        for path in sorted(glob.glob(os.path.join(folder, "libnvrtc.so.[0-9]*")), key=len):
            return path
    return "libnvrtc.so"


class Nvrtc:
    def __init__(self, path=None):
        self.path = path or find_nvrtc()
        try:
            self.library = ctypes.CDLL(self.path)
        except OSError as error:
            raise RuntimeError("NVRTC is not there: {}".format(error))
        self.library.nvrtcGetErrorString.restype = ctypes.c_char_p

    def check(self, code, name):
        if code != 0:
            raise RuntimeError("{}: {}".format(name, self.library.nvrtcGetErrorString(code).decode()))

    @property
    def version(self):
        major, minor = ctypes.c_int(), ctypes.c_int()
        self.check(self.library.nvrtcVersion(ctypes.byref(major), ctypes.byref(minor)), "nvrtcVersion")
        return "{}.{}".format(major.value, minor.value)

    def compile(self, source, options, expressions):
        """(machine code, [lowered name of each expression])"""
        library, program = self.library, ctypes.c_void_p()
        self.check(library.nvrtcCreateProgram(ctypes.byref(program), source.encode(), b"winner.cu", 0, None, None),
                   "nvrtcCreateProgram")
        try:
            for expression in expressions:
                self.check(library.nvrtcAddNameExpression(program, expression.encode()), "nvrtcAddNameExpression")
            texts = (ctypes.c_char_p * len(options))(*[option.encode() for option in options])
            code = library.nvrtcCompileProgram(program, len(options), texts)
            if code != 0:
                size = ctypes.c_size_t()
                library.nvrtcGetProgramLogSize(program, ctypes.byref(size))
                log = ctypes.create_string_buffer(size.value)
                library.nvrtcGetProgramLog(program, log)
                errors = [line for line in log.value.decode().splitlines() if "error" in line]
                raise RuntimeError("NVRTC: {}".format(errors[0] if errors else "does not compile"))
            names = []
            for expression in expressions:
                name = ctypes.c_char_p()
                self.check(library.nvrtcGetLoweredName(program, expression.encode(), ctypes.byref(name)),
                           "nvrtcGetLoweredName")
                names.append(name.value)
            size = ctypes.c_size_t()
            self.check(library.nvrtcGetCUBINSize(program, ctypes.byref(size)), "nvrtcGetCUBINSize")
            image = ctypes.create_string_buffer(size.value)
            self.check(library.nvrtcGetCUBIN(program, image), "nvrtcGetCUBIN")
            return image, names
        finally:
            library.nvrtcDestroyProgram(ctypes.byref(program))


def source_of(kernels, family):
    """Includes the family's file, and those of its parts (three_pass.cuh, three_pass_columns.cuh)."""
    paths = sorted(glob.glob(os.path.join(kernels, family + ".cuh")) +
                   glob.glob(os.path.join(kernels, family + "_*.cuh")))
    if not paths:
        raise RuntimeError("{}: no {}.cuh there".format(kernels, family))
    return "".join('#include "{}"\n'.format(os.path.basename(path)) for path in paths)


def compile_winner(nvrtc, kernels, winner, capability):
    launches = best_files.launches_of(winner)
    if not launches:
        raise RuntimeError("the best file has no launches for it")
    options = ["--gpu-architecture=sm_" + capability, "--std=c++17", "-default-device", "--include-path=" + kernels]
    image, names = nvrtc.compile(source_of(kernels, winner["kernel"]), options, [row["entry"] for row in launches])
    return launches, image, names


class Winner:
    """A loaded winner: call it with input, output and stream."""

    def __init__(self, gpu, nvrtc, kernels, entry, workload, empty_bytes):
        self.gpu, self.winner = gpu, entry["winner"]
        self.launches, image, names = compile_winner(nvrtc, kernels, self.winner, gpu.capability)
        self.module = ctypes.c_void_p()
        gpu.driver("cuModuleLoadData", ctypes.byref(self.module), image)
        self.functions = []
        for launch, name in zip(self.launches, names):
            function = ctypes.c_void_p()
            gpu.driver("cuModuleGetFunction", ctypes.byref(function), self.module, name)
            if launch["shared_bytes"] > 0:
                gpu.driver("cuFuncSetAttribute", function, MAX_DYNAMIC_SHARED_BYTES, launch["shared_bytes"])
            self.functions.append(function)
        self.workspace_bytes = best_files.workspace_bytes_of(self.winner, workload)
        self.assumed = "workspace_bytes" not in self.winner
        self.workspace = empty_bytes(self.workspace_bytes + GUARD_BYTES)
        self.workspace.fill_(POISON)
        self.extents = (workload.outer, workload.n, workload.inner)
        self.overlap = LaunchAttribute(PROGRAMMATIC_STREAM_SERIALIZATION, b"", 1, b"")

    def intact(self):
        """Whether nothing was written behind the workspace."""
        return bool((self.workspace[self.workspace_bytes :] == POISON).all())

    def __call__(self, source, target, stream):
        values = [ctypes.c_uint64(source), ctypes.c_uint64(target), ctypes.c_uint64(self.workspace.data_ptr())]
        values += [ctypes.c_int64(extent) for extent in self.extents]
        arguments = (ctypes.c_void_p * len(values))(*[ctypes.addressof(value) for value in values])
        for launch, function in zip(self.launches, self.functions):
            config = LaunchConfig()
            config.grid[:] = (launch["grid_blocks"], 1, 1)
            config.block[:] = (launch["block_threads"], 1, 1)
            config.shared_bytes = launch["shared_bytes"]
            config.stream = stream
            config.attributes = ctypes.pointer(self.overlap)
            # It may start while the kernel in front of it still runs, and waits for that itself.
            config.attribute_count = 1 if int(self.gpu.capability) >= 90 else 0
            self.gpu.driver("cuLaunchKernelEx", ctypes.byref(config), function, arguments, None)

    def close(self):
        self.gpu.driver("cuModuleUnload", self.module)
