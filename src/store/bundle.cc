#include "store/bundle.h"

#include <system_error>

#include "core/sha256.h"
#include "store/file.h"

namespace scantune::store {

Expected<LoadedBundle> read_bundle(const std::filesystem::path& path) {
  std::error_code ignored;
  const auto manifest = std::filesystem::is_directory(path, ignored) ? path / wire::kBundleName : path;
  const auto text = read_file(manifest);
  if (!text) {
    return tl::unexpected(text.error());
  }
  auto bundle = wire::parse_bundle(*text);
  if (!bundle) {
    return fail(bundle.error().kind, "{}: {}", manifest.string(), bundle.error().message);
  }
  LoadedBundle loaded{*std::move(bundle), {}};
  for (const wire::BundleKernel& kernel : loaded.bundle.kernels) {
    const auto file = folder_of(manifest) / kernel.cubin.path;
    auto image = read_file(file);
    if (!image) {
      return tl::unexpected(image.error());
    }
    if (sha256(*image) != kernel.cubin.sha256) {
      return bad_input("{}: its SHA-256 is not the one that {} has; export the bundle again", file.string(),
                       manifest.string());
    }
    loaded.cubins.push_back(std::make_shared<const std::string>(*std::move(image)));
  }
  return loaded;
}

}  // namespace scantune::store
