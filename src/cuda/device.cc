// GPUs as devices: what they are, and sessions on them.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "cuda/context.h"
#include "cuda/cuda.h"
#include "cuda/cupti_api.h"
#include "cuda/cupti_host.h"
#include "cuda/library.h"
#include "cuda/nvrtc.h"
#include "cuda/session.h"
#include "cuda/verification.h"

namespace scantune::cuda {
namespace {

// Attributes of a device; the first call that fails is remembered, later ones answer 0.
class Attributes {
 public:
  Attributes(const Driver& driver, CUdevice device) : driver_(driver), device_(device) {}

  int operator()(CUdevice_attribute attribute) {
    int value = 0;
    if (result_ == CUDA_SUCCESS) {
      result_ = driver_.DeviceGetAttribute(&value, attribute, device_);
    }
    return value;
  }
  [[nodiscard]] CUresult result() const { return result_; }

 private:
  const Driver& driver_;
  CUdevice device_;
  CUresult result_ = CUDA_SUCCESS;
};

std::string uuid_text(const CUuuid& uuid) {
  std::string text = "GPU-";
  for (size_t i = 0; i < sizeof uuid.bytes; ++i) {
    text += fmt::format("{:02x}", static_cast<unsigned char>(uuid.bytes[i]));
    if (i == 3 || i == 5 || i == 7 || i == 9) {
      text += '-';
    }
  }
  return text;
}

// CUPTI's name of the die. It is asked only where the architecture leaves it open, as opening CUPTI
// takes time that every start would pay.
std::string code_name(int compute_capability, int ordinal) {
  switch (compute_capability) {
    case 80:
      return "GA100";
    case 90:
      return "GH100";
    case 100:
      return "GB100";
    default:
      break;
  }
  const auto name = chip_code_name(ordinal);
  return name ? *name : "";
}

tl::expected<DeviceInfo, Failure> describe_device(const Driver& driver, int ordinal) {
  CUdevice device = 0;
  SCANTUNE_CU(driver, FailureKind::device, DeviceGet, &device, ordinal);
  std::array<char, 256> name{};
  SCANTUNE_CU(driver, FailureKind::device, DeviceGetName, name.data(), name.size(), device);
  CUuuid uuid{};
  SCANTUNE_CU(driver, FailureKind::device, DeviceGetUuid, &uuid, device);
  size_t memory_bytes = 0;
  SCANTUNE_CU(driver, FailureKind::device, DeviceTotalMem, &memory_bytes, device);

  Attributes attribute(driver, device);
  DeviceInfo info;
  info.id = fmt::format("cuda:{}", ordinal);
  info.uuid = uuid_text(uuid);
  info.driver = driver_version(driver);
  info.memory_bytes = static_cast<int64_t>(memory_bytes);

  Chip& chip = info.chip;
  chip.backend = Backend::cuda;
  chip.name = name.data();
  chip.compute_capability = 10 * attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR) +
                            attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
  chip.multiprocessors = attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
  chip.cache_bytes = attribute(CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE);
  chip.max_threads_per_block = attribute(CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
  chip.max_threads_per_sm = attribute(CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR);
  chip.max_blocks_per_sm = attribute(CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR);
  chip.registers_per_sm = attribute(CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR);
  chip.max_registers_per_thread = 255;  // of every architecture since sm_35
  chip.shared_bytes_per_block = attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
  chip.shared_bytes_per_sm = attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR);
  if (attribute.result() != CUDA_SUCCESS) {
    return tl::unexpected(describe(driver, "cuDeviceGetAttribute", attribute.result(), FailureKind::device));
  }
  // Two transfers a clock; drivers that keep the clock to themselves say 0 or refuse.
  Attributes memory(driver, device);
  const double clock_hz = 1e3 * memory(CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE);
  const double bus_bytes = memory(CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH) / 8.0;
  chip.dram_bytes_per_s = memory.result() == CUDA_SUCCESS ? 2 * clock_hz * bus_bytes : 0;
  chip.code_name = code_name(chip.compute_capability, ordinal);
  if (const auto version = nvrtc_version()) {
    info.compiler = "NVRTC " + *version;
  }
  return info;
}

Expected<int> device_count(const Driver& driver) {
  int count = 0;
  if (const CUresult result = driver.DeviceGetCount(&count); result != CUDA_SUCCESS) {
    return tl::unexpected(
        Error{ErrorKind::environment, describe(driver, "cuDeviceGetCount", result, FailureKind::device).what});
  }
  return count;
}

class CudaDevice final : public Device {
 public:
  CudaDevice(ContextPtr context, int ordinal, DeviceInfo info, Compiler& compiler)
      : context_(std::move(context)), ordinal_(ordinal), info_(std::move(info)), compiler_(compiler) {}

  [[nodiscard]] const DeviceInfo& info() const override { return info_; }

  [[nodiscard]] int64_t memory_needed(const Workload& workload) const override {
    return CudaSession::footprint(workload, info_.chip);
  }

  Expected<std::unique_ptr<Session>> open(const Workload& workload, uint64_t seed) override {
    const auto verification =
        compiler_.compile(verification::kernel(), workload, Variant{.kernel = "verify", .settings = {}}, info_.chip);
    if (!verification) {
      return fail(ErrorKind::failed, "the verification kernels do not compile: {}", verification.error().what);
    }
    auto session = CudaSession::open(context_, ordinal_, info_, workload, *verification, seed);
    if (!session) {
      return tl::unexpected(to_error(session.error()));
    }
    return *std::move(session);
  }

 private:
  ContextPtr context_;
  int ordinal_;
  DeviceInfo info_;
  Compiler& compiler_;
};

}  // namespace

bool built_in() { return true; }

Expected<void> find_driver() {
  const auto library = open_library(LibraryId::driver);
  return library ? Expected<void>() : tl::unexpected(library.error());
}

void preload_driver() { (void)open_driver(); }

void preload_counters() { (void)cupti_api(); }

Expected<std::vector<DeviceInfo>> list_devices() {
  const auto driver = open_driver();
  if (!driver) {
    return tl::unexpected(driver.error());
  }
  const auto count = device_count(*driver);
  if (!count) {
    return tl::unexpected(count.error());
  }
  std::vector<DeviceInfo> devices;
  for (int i = 0; i < *count; ++i) {
    auto info = describe_device(*driver, i);
    if (!info) {
      return fail(ErrorKind::environment, "cuda:{}: {}", i, info.error().what);
    }
    devices.push_back(*std::move(info));
  }
  return devices;
}

Expected<std::unique_ptr<Device>> open_device(int ordinal, Compiler& compiler) {
  const auto driver = open_driver();
  if (!driver) {
    return tl::unexpected(driver.error());
  }
  const auto count = device_count(*driver);
  if (!count) {
    return tl::unexpected(count.error());
  }
  if (ordinal < 0 || ordinal >= *count) {
    return bad_input("cuda:{}: there is no such GPU; this machine has {}{}", ordinal, *count,
                     *count == 0 ? "" : fmt::format(", cuda:0 to cuda:{}", *count - 1));
  }
  const auto failed = [&](const Failure& failure) {
    return fail(ErrorKind::environment, "cuda:{}: {}", ordinal, failure.what);
  };
  auto info = describe_device(*driver, ordinal);
  if (!info) {
    return failed(info.error());
  }
  CUdevice device = 0;
  if (const CUresult result = driver->DeviceGet(&device, ordinal); result != CUDA_SUCCESS) {
    return failed(describe(*driver, "cuDeviceGet", result, FailureKind::device));
  }
  auto context = Context::open(*driver, device);
  if (!context) {
    return failed(context.error());
  }
  if (auto entered = (*context)->enter(); !entered) {
    return failed(entered.error());
  }
  size_t free_bytes = 0;
  size_t total_bytes = 0;
  if (const CUresult result = driver->MemGetInfo(&free_bytes, &total_bytes); result != CUDA_SUCCESS) {
    return failed(describe(*driver, "cuMemGetInfo", result, FailureKind::device));
  }
  info->free_bytes = static_cast<int64_t>(free_bytes);
  return std::make_unique<CudaDevice>(*std::move(context), ordinal, *std::move(info), compiler);
}

}  // namespace scantune::cuda
