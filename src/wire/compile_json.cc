#include "wire/compile_json.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "core/digest.h"

namespace scantune::wire {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kVersion = 1;

// Compiler messages quote source text, which need not be UTF-8.
std::string line_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

template <class T, class Reader>
Expected<T> parse(std::string_view line, const char* what, Reader read) {
  try {
    const Json json = Json::parse(line);
    if (json.at("version").get<int>() != kVersion) {
      return fail(ErrorKind::failed, "{} is of version {}, not {}", what, json.at("version").get<int>(), kVersion);
    }
    return read(json);
  } catch (const Json::exception& bad) {
    return fail(ErrorKind::failed, "{} cannot be read: {}", what, bad.what());
  }
}

}  // namespace

std::string to_line(const CompileRequest& request) {
  Json json = {{"version", kVersion}};
  json["sources"] = Json::array();
  for (const SourceFile& source : request.sources) {
    json["sources"].push_back({{"path", source.path}, {"text", source.text}});
  }
  json["options"] = request.options;
  json["expressions"] = request.expressions;
  return line_of(json);
}

Expected<CompileRequest> parse_compile_request(std::string_view line) {
  return parse<CompileRequest>(line, "the compile request", [](const Json& json) {
    CompileRequest request;
    for (const Json& source : json.at("sources")) {
      request.sources.push_back({source.at("path").get<std::string>(), source.at("text").get<std::string>()});
    }
    request.options = json.at("options").get<std::vector<std::string>>();
    request.expressions = json.at("expressions").get<std::vector<std::string>>();
    return request;
  });
}

std::string to_bytes(const CompileReply& reply) {
  Json json = {{"version", kVersion}};
  if (!reply.error.empty()) {
    json["error"] = reply.error;
  }
  json["entries"] = Json::array();
  for (const CompiledEntry& entry : reply.entries) {
    json["entries"].push_back({{"function", entry.function},
                               {"registers_per_thread", entry.registers_per_thread},
                               {"static_shared_bytes", entry.static_shared_bytes},
                               {"spill_bytes", entry.spill_bytes}});
  }
  json["image_bytes"] = reply.image.size();
  json["image_digest"] = digest(reply.image);
  return line_of(json) + reply.image;
}

Expected<CompileReplyHead> parse_compile_reply(std::string_view line) {
  return parse<CompileReplyHead>(line, "the compiler's reply", [](const Json& json) {
    CompileReplyHead head;
    head.reply.error = json.value("error", "");
    for (const Json& entry : json.at("entries")) {
      head.reply.entries.push_back(
          {entry.at("function").get<std::string>(), entry.at("registers_per_thread").get<int>(),
           entry.at("static_shared_bytes").get<int64_t>(), entry.at("spill_bytes").get<int64_t>()});
    }
    head.image_bytes = json.at("image_bytes").get<size_t>();
    head.image_digest = json.at("image_digest").get<std::string>();
    return head;
  });
}

Expected<CompileReply> complete(CompileReplyHead head, std::string image) {
  if (image.size() != head.image_bytes || digest(image) != head.image_digest) {
    return fail(ErrorKind::failed, "the image of {} bytes is not the one announced ({} bytes)", image.size(),
                head.image_bytes);
  }
  head.reply.image = std::move(image);
  return std::move(head.reply);
}

}  // namespace scantune::wire
