# Run as a script: writes OUTPUT, a .cc file that defines FUNCTION, which HEADER declares in NAMESPACE, from FILES (a
# |-separated list of paths relative to ROOT). Raw string literals are split, as compilers limit
# their length to 64 KiB.
file(WRITE "${OUTPUT}.new" "// Written by cmake/EmbedFiles.cmake.
#include \"${HEADER}\"

namespace ${NAMESPACE} {

const std::vector<SourceFile>& ${FUNCTION}() {
  static const std::vector<SourceFile> files = {
")
string(REPLACE "|" ";" FILES "${FILES}")
foreach(path IN LISTS FILES)
  file(READ "${ROOT}/${path}" text)
  string(LENGTH "${text}" length)
  file(APPEND "${OUTPUT}.new" "      {\"${path}\",\n")
  set(begin 0)
  while(begin LESS length)
    string(SUBSTRING "${text}" ${begin} 12000 piece)
    file(APPEND "${OUTPUT}.new" "       R\"embed(${piece})embed\"\n")
    math(EXPR begin "${begin} + 12000")
  endwhile()
  file(APPEND "${OUTPUT}.new" "      },\n")
endforeach()
file(APPEND "${OUTPUT}.new" "  };
  return files;
}

}  // namespace ${NAMESPACE}
")
file(RENAME "${OUTPUT}.new" "${OUTPUT}")
