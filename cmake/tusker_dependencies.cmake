# Everything third-party is found here, once, and linked only by the room that wraps it.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
# What base and the kernels stand on.
find_package(TBB REQUIRED)
find_package(fmt REQUIRED)
find_package(simdjson REQUIRED)
pkg_check_modules(hwy REQUIRED IMPORTED_TARGET libhwy)
if(NOT TUSKER_PYTHON)
  find_package(Boost 1.81 REQUIRED)
  find_package(spdlog REQUIRED)
  find_package(CLI11 REQUIRED)
  find_package(CURL REQUIRED)
  find_package(SQLite3 REQUIRED)
  find_package(ZLIB REQUIRED)
  pkg_check_modules(vips REQUIRED IMPORTED_TARGET vips)
  pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)
  pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
  # Debian's CMake and pkg-config files of CRoaring 0.2.66 do not work; the library and header do.
  find_library(TUSKER_ROARING roaring REQUIRED)
endif()
if(TUSKER_TESTS)
  find_package(GTest REQUIRED)
  find_library(TUSKER_RAPIDCHECK rapidcheck REQUIRED)
endif()
if(TUSKER_BENCH)
  find_package(benchmark REQUIRED)
endif()

add_library(tusker_options INTERFACE)
target_include_directories(tusker_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
# Without -ffp-contract=off, FMA makes instruction sets disagree in the last bit.
target_compile_options(tusker_options INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-ffp-contract=off -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror>)
if(TUSKER_FUZZ)
  # libstdc++ 12 itself calls what it calls deprecated, and clang sees that in std::stable_sort.
  target_compile_options(tusker_options INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=fuzzer-no-link -Wno-deprecated-declarations>)
endif()
if(TUSKER_SANITIZE)
  target_compile_options(tusker_options INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${TUSKER_SANITIZE} -fno-sanitize-recover=undefined>)
  target_link_options(tusker_options INTERFACE -fsanitize=${TUSKER_SANITIZE})
endif()
