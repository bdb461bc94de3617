#include "wire/list_json.h"

#include <nlohmann/json.hpp>

#include "wire/values_json.h"

namespace scantune::wire {
namespace {

Json document(std::string_view what) { return {{"format", fmt::format("scantune-{}", what)}, {"version", 1}}; }

Json write_params(const Space& space) {
  Json params = Json::array();
  for (const Param& param : space.params) {
    Json values = Json::array();
    for (const Value& value : param.values) {
      values.push_back(std::visit([](const auto& v) { return Json(v); }, value));
    }
    params.push_back({{"name", param.name}, {"summary", param.summary}, {"values", std::move(values)}});
  }
  return params;
}

Json write_texts(const std::vector<Constraint>& rules) {
  Json texts = Json::array();
  for (const Constraint& rule : rules) {
    texts.push_back(rule.text);
  }
  return texts;
}

Json write_kernel(const KernelListing& listing) {
  const Kernel& kernel = *listing.kernel;
  Json sources = Json::array();
  for (const SourceFile& source : kernel.sources) {
    sources.push_back(source.path);
  }
  const bool refuses = !listing.refuses.empty();
  return {{"name", kernel.name},
          {"summary", kernel.summary},
          {"backend", name(kernel.backend)},
          {"baseline", kernel.baseline},
          {"chip", listing.chip.name},
          {"refuses", text_or_null(listing.refuses)},
          {"points", refuses ? Json(nullptr) : Json(listing.space.size())},
          {"params", refuses ? Json(nullptr) : write_params(listing.space)},
          {"constraints", write_texts(kernel.constraints)},
          {"prune_rules", write_texts(kernel.prune_rules)},
          {"sources", std::move(sources)}};
}

}  // namespace

std::string devices_json(const std::vector<DeviceInfo>& devices) {
  Json list = document("devices");
  list["devices"] = Json::array();
  for (const DeviceInfo& device : devices) {
    list["devices"].push_back(write_device(device));
  }
  return to_text(list);
}

std::string kernels_json(const Workload& workload, const std::vector<KernelListing>& kernels) {
  Json list = document("kernels");
  list["workload"] = write_workload(workload);
  list["kernels"] = Json::array();
  for (const KernelListing& kernel : kernels) {
    list["kernels"].push_back(write_kernel(kernel));
  }
  return to_text(list);
}

std::string variants_json(const Workload& workload, const Chip& chip, const std::vector<VariantListing>& variants) {
  Json list = document("variants");
  list["workload"] = write_workload(workload);
  list["chip"] = write_chip(chip);
  list["variants"] = Json::array();
  for (const VariantListing& variant : variants) {
    Json object = Json::object();
    add_variant(object, variant.variant);
    object["broken"] = text_or_null(variant.broken);
    list["variants"].push_back(std::move(object));
  }
  return to_text(list);
}

std::string metrics_json(std::string_view chip, const std::vector<MetricListing>& metrics) {
  Json list = document("metrics");
  list["chip"] = chip;
  list["metrics"] = Json::array();
  for (const MetricListing& metric : metrics) {
    list["metrics"].push_back({{"name", metric.name},
                               {"unit", metric.unit},
                               {"passes", number_or_null(int64_t{metric.passes})},
                               {"description", metric.description}});
  }
  return to_text(list);
}

std::string passes_json(std::string_view chip, const std::vector<PassListing>& items, const PassListing& together) {
  const auto write = [](const PassListing& listing) {
    return Json{{"asked", listing.asked},
                {"metrics", listing.metrics},
                {"passes", listing.passes},
                {"missing", listing.missing}};
  };
  Json list = document("passes");
  list["chip"] = chip;
  list["items"] = Json::array();
  for (const PassListing& item : items) {
    list["items"].push_back(write(item));
  }
  list["together"] = write(together);
  return to_text(list);
}

std::string dtypes_json() {
  Json list = document("dtypes");
  list["dtypes"] = Json::array();
  for (const DType dtype : kAllDTypes) {
    list["dtypes"].push_back({{"name", name(dtype)},
                              {"size_bytes", size_bytes(dtype)},
                              {"floating", is_floating(dtype)},
                              {"accumulator", name(default_accumulator(dtype))}});
  }
  return to_text(list);
}

}  // namespace scantune::wire
