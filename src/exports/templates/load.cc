//
// Usage: load FOLDER
//
// Takes the smallest workload of FOLDER/bundle.json that this GPU can run, from the cubin where it was compiled for
// this GPU, else from the PTX, and checks every element of the result. Needs the driver API and nlohmann/json.
#include <cuda.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace {

using Json = nlohmann::json;

void check(CUresult result, const char* call) {
  if (result != CUDA_SUCCESS) {
    const char* text = "unknown error";
    cuGetErrorString(result, &text);
    std::fprintf(stderr, "load: %s: %s\n", call, text);
    std::exit(1);
  }
}

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "load: cannot read %s\n", path.c_str());
    std::exit(2);
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

// Inputs whose sums are small integers, which every order of additions gives exactly.
std::vector<float> expected_of(long long elements) {
  std::vector<float> expected(static_cast<std::size_t>(elements));
  for (std::size_t i = 0; i < expected.size(); ++i) {
    expected[i] = static_cast<float>(i * 2654435761u % 101) - 50;
  }
  return expected;
}

void launch(const Json& launch, CUfunction function, int capability, void** arguments) {
  CUlaunchAttribute overlaps = {};
  overlaps.id = CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION;
  overlaps.value.programmaticStreamSerializationAllowed = 1;
  CUlaunchConfig config = {};
  config.gridDimX = launch.at("grid_blocks").get<unsigned>();
  config.blockDimX = launch.at("block_threads").get<unsigned>();
  config.gridDimY = config.gridDimZ = config.blockDimY = config.blockDimZ = 1;
  config.sharedMemBytes = launch.at("dynamic_shared_bytes").get<unsigned>();
  config.attrs = &overlaps;
  config.numAttrs = launch.at("overlaps").get<bool>() && capability >= 90 ? 1 : 0;
  check(cuFuncSetAttribute(function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                           static_cast<int>(config.sharedMemBytes)),
        "cuFuncSetAttribute");
  check(cuLaunchKernelEx(&config, function, arguments, nullptr), "cuLaunchKernelEx");
}

// The f32 workload of fewest elements whose code this GPU takes; null where there is none.
const Json* smallest(const Json& bundle, int capability) {
  const Json* best = nullptr;
  for (const Json& kernel : bundle.at("kernels")) {
    const auto bytes = [](const Json& one) { return one.at("workload").at("bytes_read").get<long long>(); };
    if (kernel.at("workload").at("dtype") == "f32" && kernel.at("chip").at("compute_capability") <= capability &&
        (best == nullptr || bytes(kernel) < bytes(*best))) {
      best = &kernel;
    }
  }
  return best;
}

int run(const std::string& folder, const Json& kernel, int capability) {
  const Json& workload = kernel.at("workload");
  long long outer = workload.at("outer").get<long long>();
  long long n = workload.at("n").get<long long>();
  long long inner = workload.at("inner").get<long long>();
  const bool same_chip = kernel.at("chip").at("compute_capability") == capability;
  const std::string path = kernel.at(same_chip ? "cubin" : "ptx").at("path").get<std::string>();
  const std::string image = read(folder + "/" + path);  // PTX is to end with a zero, which c_str() adds
  CUmodule module = nullptr;
  check(cuModuleLoadData(&module, image.c_str()), "cuModuleLoadData");

  const std::vector<float> expected = expected_of(outer * n * inner);
  std::vector<float> values = expected;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool last = static_cast<long long>(i) / inner % n == n - 1;
    values[i] -= last ? 0 : expected[i + static_cast<std::size_t>(inner)];
  }
  const std::size_t bytes = values.size() * sizeof(float);
  const std::size_t workspace_bytes = std::max<std::size_t>(1, kernel.at("workspace_bytes").get<std::size_t>());
  CUdeviceptr in = 0;
  CUdeviceptr out = 0;
  CUdeviceptr workspace = 0;
  check(cuMemAlloc(&in, bytes), "cuMemAlloc");
  check(cuMemAlloc(&out, bytes), "cuMemAlloc");
  check(cuMemAlloc(&workspace, workspace_bytes), "cuMemAlloc");
  check(cuMemcpyHtoD(in, values.data(), bytes), "cuMemcpyHtoD");

  void* arguments[] = {&in, &out, &workspace, &outer, &n, &inner};
  for (const Json& step : kernel.at("launches")) {
    CUfunction function = nullptr;
    check(cuModuleGetFunction(&function, module, step.at("function").get<std::string>().c_str()),
          "cuModuleGetFunction");
    launch(step, function, capability, arguments);
  }
  check(cuMemcpyDtoH(values.data(), out, bytes), "cuMemcpyDtoH");
  const bool right = values == expected;
  std::printf("%s from %s: %s\n", kernel.at("promised").at("variant").get<std::string>().c_str(), path.c_str(),
              right ? "all is right" : "something is wrong");
  return right ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: load FOLDER\n");
    return 2;
  }
  CUdevice device = 0;
  CUcontext context = nullptr;
  int major = 0;
  int minor = 0;
  int devices = 0;
  if (cuInit(0) != CUDA_SUCCESS || cuDeviceGetCount(&devices) != CUDA_SUCCESS || devices == 0) {
    std::printf("skipped: there is no GPU\n");
    return 77;
  }
  check(cuDeviceGet(&device, 0), "cuDeviceGet");
  check(cuDeviceGetAttribute(&major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, device), "cuDeviceGetAttribute");
  check(cuDeviceGetAttribute(&minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, device), "cuDeviceGetAttribute");
  check(cuDevicePrimaryCtxRetain(&context, device), "cuDevicePrimaryCtxRetain");
  check(cuCtxSetCurrent(context), "cuCtxSetCurrent");
  const std::string folder = argv[1];
  const Json bundle = Json::parse(read(folder + "/bundle.json"), nullptr, false);
  if (bundle.is_discarded()) {
    std::fprintf(stderr, "load: %s/bundle.json is not JSON\n", folder.c_str());
    return 2;
  }
  const Json* kernel = smallest(bundle, major * 10 + minor);
  if (kernel == nullptr) {
    std::printf("skipped: the bundle has no f32 kernel that this GPU takes\n");
    return 77;
  }
  return run(folder, *kernel, major * 10 + minor);
}
