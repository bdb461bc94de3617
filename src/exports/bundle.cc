// The format bundle: machine code and what is needed to launch it.
#include <map>

#include "catalog/catalog.h"
#include "core/sha256.h"
#include "core/version.h"
#include "exports/make.h"
#include "exports/notice.h"
#include "exports/readme.h"
#include "exports/templates.h"
#include "exports/tuned.h"
#include "wire/best_json.h"
#include "wire/bundle_json.h"

namespace scantune::exports {
namespace {

constexpr std::string_view kFormat = "bundle";
constexpr std::string_view kWhat = "Reverse cumulative sums, tuned, as machine code";

// Files by their names, which come from their bytes: variants that compile to the same have one.
using Images = std::map<std::string, std::string>;

wire::BundleFile add_image(Images& images, std::string_view what, std::string_view suffix, const std::string& bytes) {
  constexpr size_t kDigits = 16;
  const std::string digest = sha256(bytes);
  const std::string path = fmt::format("{}_{}.{}", what, digest.substr(0, kDigits), suffix);
  images[path] = bytes;
  return {path, static_cast<int64_t>(bytes.size()), digest};
}

Expected<Artifact> build(Compiler& compiler, const BestEntry& entry) {
  const Variant& variant = entry.contenders.front().variant;
  const auto kernel = find_kernel(variant.kernel, Backend::cuda);
  if (!kernel) {
    return tl::unexpected(kernel.error());
  }
  auto artifact = compiler.compile(**kernel, entry.workload, variant, entry.chip);
  if (!artifact) {
    return fail(ErrorKind::failed, "{} for {} does not compile: {}", to_string(variant), to_string(entry.workload),
                artifact.error().what);
  }
  return *std::move(artifact);
}

Expected<wire::BundleKernel> bundle_kernel(const ExportInput& input, const BestEntry& entry, Images& images) {
  const auto cubin = build(*input.compiler, entry);
  if (!cubin) {
    return tl::unexpected(cubin.error());
  }
  const auto ptx = build(*input.ptx_compiler, entry);
  if (!ptx) {
    return tl::unexpected(ptx.error());
  }
  if (ptx->functions != cubin->functions) {
    return fail(ErrorKind::failed, "{}: its kernels have other names in PTX than in its cubin",
                to_string(cubin->variant));
  }
  wire::BundleKernel kernel;
  kernel.key = wire::best_key(entry.workload, entry.chip);
  kernel.chip = entry.chip;
  kernel.workload = entry.workload;
  kernel.promised = entry.contenders.front();
  kernel.promised.resources.clear();
  kernel.promised.profile.reset();
  kernel.cubin = add_image(images, sm_name(entry.chip), "cubin", *cubin->image);
  kernel.ptx = add_image(images, fmt::format("compute_{}", entry.chip.compute_capability), "ptx", *ptx->image);
  kernel.workspace_bytes = cubin->workspace_bytes;
  for (size_t i = 0; i < cubin->launches.size(); ++i) {
    kernel.launches.push_back({cubin->launches[i], cubin->functions[i], cubin->resources[i]});
  }
  return kernel;
}

}  // namespace

Expected<Export> make_bundle(const ExportInput& input) {
  if (input.compiler == nullptr || input.ptx_compiler == nullptr) {
    return fail(ErrorKind::environment, "--format bundle: there is no compiler for it");
  }
  wire::Bundle bundle{std::string(version()), std::string(kLicence), input.best_digest, {}};
  Images images;
  for (const BestEntry& entry : input.entries) {
    auto kernel = bundle_kernel(input, entry, images);
    if (!kernel) {
      return tl::unexpected(kernel.error());
    }
    bundle.kernels.push_back(*std::move(kernel));
  }
  Export files = {{std::string(wire::kBundleName), wire::bundle_json(bundle)}};
  for (auto& [path, bytes] : images) {
    files.push_back({path, std::move(bytes)});
  }
  files.push_back({"LICENSE", std::string(licence_text())});
  files.push_back(
      {"README.md", filled(template_text("bundle_README.md.in"),
                           {{"NOTICE", notice(input, kFormat, kWhat, "    ")}, {"TABLE", tuned_markdown(input)}})});
  files.push_back({"example/load.cc",
                   notice(input, kFormat, "Loads a bundle and runs a kernel of it", "// ") + template_text("load.cc")});
  for (const SourceFile& header : kernel_headers()) {
    if (header.path.ends_with(".h")) {
      files.push_back({"launch/" + header.path, header.text});
    }
  }
  return files;
}

}  // namespace scantune::exports
