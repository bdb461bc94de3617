"""CUB's peers: cub_rows.cu as a shared library, built here or brought along."""

import concurrent.futures
import ctypes
import glob
import os
import shutil
import subprocess

TYPES = ("f32", "f16", "bf16", "f64", "i32", "i64")
SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cub_rows.cu")


class Missing(Exception):
    """Why there is no CUB here, in words."""


def find_nvcc():
    nvcc = shutil.which("nvcc")
    if nvcc is None:
        found = sorted(glob.glob("/usr/local/cuda*/bin/nvcc"))
        nvcc = found[0] if found else None
    if nvcc is None:
        raise Missing("no nvcc here")
    return nvcc


def build(folder, capability):
    """Compiles the library, a process a type, unless it is there, and returns its path."""
    library = os.path.join(folder, "libcub_rows_sm_{}.so".format(capability))
    if os.path.exists(library) and os.path.getmtime(library) >= os.path.getmtime(SOURCE):
        return library
    nvcc = find_nvcc()
    os.makedirs(folder, exist_ok=True)
    toolkit = os.path.dirname(os.path.dirname(os.path.realpath(nvcc)))
    options = [nvcc, "-std=c++17", "-O3", "-arch=sm_" + capability, "-Xcompiler", "-fPIC",
               "-I" + os.path.join(toolkit, "include", "cccl")]

    def run(command):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
        if done.returncode != 0:
            errors = [line for line in done.stdout.splitlines() if "error" in line]
            raise Missing("nvcc: {}".format(errors[0] if errors else "exit code {}".format(done.returncode)))

    objects = [os.path.join(folder, name + ".o") for name in ("entries",) + TYPES]
    commands = [options + ["-c", "-o", path, SOURCE] + ([] if i == 0 else ["-DPEERS_TYPE=" + TYPES[i - 1]])
                for i, path in enumerate(objects)]
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        list(pool.map(run, commands))
    run([nvcc, "-shared", "-arch=sm_" + capability, "-o", library] + objects)
    return library


class Cub:
    def __init__(self, path):
        try:
            self.library = ctypes.CDLL(os.path.abspath(path))
        except OSError as error:
            raise Missing("its library does not load: {}".format(error))
        self.library.peers_cub_error.restype = ctypes.c_char_p
        version = self.library.peers_cub_version()
        self.version = "{}.{}.{}".format(version // 100000, version // 100 % 1000, version % 100)

    def check(self, code):
        if code != 0:
            raise RuntimeError("CUB: {}".format(self.library.peers_cub_error(code).decode()))

    def workspace_bytes(self, dtype, outer, n):
        size = ctypes.c_size_t(0)
        self.check(self.library.peers_cub_device_scan(dtype.encode(), None, None, ctypes.c_longlong(outer),
                                                      ctypes.c_longlong(n), None, ctypes.byref(size), None))
        return size.value

    def device_scan(self, dtype, source, target, outer, n, workspace, workspace_bytes, stream):
        size = ctypes.c_size_t(workspace_bytes)
        self.check(self.library.peers_cub_device_scan(
            dtype.encode(), ctypes.c_void_p(source), ctypes.c_void_p(target), ctypes.c_longlong(outer),
            ctypes.c_longlong(n), ctypes.c_void_p(workspace), ctypes.byref(size), ctypes.c_void_p(stream)))

    def block_configs(self, dtype):
        """[(index, threads, items a thread, whether by 16-byte accesses)]"""
        configs = []
        threads, items, vector = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
        while self.library.peers_cub_block_config(dtype.encode(), len(configs), ctypes.byref(threads),
                                                  ctypes.byref(items), ctypes.byref(vector)) == 0:
            configs.append((len(configs), threads.value, items.value, bool(vector.value)))
        return configs

    def block_scan(self, dtype, config, source, target, outer, n, stream):
        self.check(self.library.peers_cub_block_scan(
            dtype.encode(), config, ctypes.c_void_p(source), ctypes.c_void_p(target), ctypes.c_longlong(outer),
            ctypes.c_longlong(n), ctypes.c_void_p(stream)))
