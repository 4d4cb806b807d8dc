# cmake -DDIST=web/dist -DOUT=folder -P embed_assets.cmake
#
# Writes OUT/assets.S, which takes the app's files into the program as they are, gzip- and
# brotli-compressed, and OUT/asset_table.cpp, which lists them by path. Assembler's .incbin takes a
# second for 3 MB where a C array takes twelve; and in a .S file ccache sees that it must not cache.
cmake_minimum_required(VERSION 3.25)
find_program(GZIP gzip REQUIRED)
find_program(BROTLI brotli REQUIRED)

set(COMPRESSED_ENDINGS "\\.(html|js|mjs|css|svg|json|map|txt|wasm|webmanifest|ico)$")

file(GLOB_RECURSE files RELATIVE ${DIST} LIST_DIRECTORIES false ${DIST}/*)
list(SORT files)

set(assembler "    .section .rodata\n")
set(declarations "")
set(rows "")
set(number 0)

# Adds one symbol to the assembler text; `view` becomes its expression in C++.
macro(take path symbol)
  string(APPEND assembler
    "    .global ${symbol}\n    .global ${symbol}_end\n${symbol}:\n    .incbin \"${path}\"\n${symbol}_end:\n    .byte 0\n")
  string(APPEND declarations "extern const char ${symbol}[];\nextern const char ${symbol}_end[];\n")
  set(view "view(${symbol}, ${symbol}_end)")
endmacro()

# The compressed file if it is smaller, else nothing.
macro(take_compressed symbol ending)
  file(SIZE ${file} plain_size)
  file(SIZE ${packed}${ending} packed_size)
  if(packed_size LESS plain_size)
    take(${packed}${ending} ${symbol})
  else()
    set(view "{}")
  endif()
endmacro()

file(MAKE_DIRECTORY ${OUT}/packed)
foreach(name IN LISTS files)
  set(file ${DIST}/${name})
  set(packed ${OUT}/packed/${number})
  file(SHA256 ${file} hash)
  string(SUBSTRING ${hash} 0 16 tag)
  string(APPEND assembler "/* ${name} ${hash} */\n")
  take(${file} tusker_asset_${number}_plain)
  set(plain "${view}")
  set(gzip "{}")
  set(brotli "{}")
  if(name MATCHES "${COMPRESSED_ENDINGS}")
    execute_process(COMMAND ${GZIP} -9 -n -c ${file} OUTPUT_FILE ${packed}.gz COMMAND_ERROR_IS_FATAL ANY)
    execute_process(COMMAND ${BROTLI} -q 11 -f -o ${packed}.br ${file} COMMAND_ERROR_IS_FATAL ANY)
    take_compressed(tusker_asset_${number}_gzip .gz)
    set(gzip "${view}")
    take_compressed(tusker_asset_${number}_brotli .br)
    set(brotli "${view}")
  endif()
  string(APPEND rows "    {\"/${name}\", \"${tag}\", ${plain}, ${gzip}, ${brotli}},\n")
  math(EXPR number "${number} + 1")
endforeach()

string(APPEND assembler "    .section .note.GNU-stack,\"\",@progbits\n")
file(WRITE ${OUT}/assets.S "${assembler}")
file(WRITE ${OUT}/asset_table.cpp "// Made by cmake/embed_assets.cmake.
#include \"server/assets/assets.hpp\"

extern \"C\" {
${declarations}}

namespace tusker::assets {
namespace {
[[maybe_unused]] std::string_view view(const char* begin, const char* end) {
    return {begin, static_cast<std::size_t>(end - begin)};
}
const std::vector<Asset> kAssets = {
${rows}};
}  // namespace
std::span<const Asset> embedded() { return kAssets; }
}  // namespace tusker::assets
")
