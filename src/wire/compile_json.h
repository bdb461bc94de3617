// What a compiler process is asked and what it answers: one JSON line each, and after an answer the
// bytes of the image. Cached cubins are kept in the same form.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/expected.h"
#include "core/kernel.h"

namespace scantune::wire {

struct CompileRequest {
  std::vector<SourceFile> sources;       // the first is compiled, the others are what it may include
  std::vector<std::string> options;      // NVRTC's
  std::vector<std::string> expressions;  // the entries' C++ name expressions
};

// What became of one name expression.
struct CompiledEntry {
  std::string function;  // lowered name
  int registers_per_thread = 0;
  int64_t static_shared_bytes = 0;
  int64_t spill_bytes = 0;  // local memory a thread

  bool operator==(const CompiledEntry&) const = default;
};

struct CompileReply {
  std::string error;                   // one line; empty where it compiled
  std::vector<CompiledEntry> entries;  // in the order of the request's expressions
  std::string image;                   // cubin

  bool operator==(const CompileReply&) const = default;
};

// A line, its newline included.
std::string to_line(const CompileRequest& request);
Expected<CompileRequest> parse_compile_request(std::string_view line);

// The line and the image after it.
std::string to_bytes(const CompileReply& reply);

// A reply's line, without its image; `image_bytes` is how many bytes follow the line.
struct CompileReplyHead {
  CompileReply reply;
  size_t image_bytes = 0;
  std::string image_digest;
};
Expected<CompileReplyHead> parse_compile_reply(std::string_view line);

// Adds the image that followed the line. An error where it is not the one the line announced.
Expected<CompileReply> complete(CompileReplyHead head, std::string image);

}  // namespace scantune::wire
