# Toolchain settings, system packages and the three functions every folder uses:
#   meseta_library(NAME SOURCES... [DEPS ...])   a static library, includes relative to the root
#   meseta_binary(NAME SOURCES... [DEPS ...])    a program in build/bin
#   meseta_test(NAME SOURCES... [DEPS ...] [LABELS ...] [TIMEOUT s])
#       a GoogleTest program and its ctest entry; labels: unit (default), golden, property, sim,
#       integration, conformance, soak; and threads for what --tsan should run
include_guard(GLOBAL)

find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM)
  add_link_options(-fuse-ld=mold)
endif()
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()

add_compile_options(-Wall -Wextra)
if(MESETA_WERROR)
  add_compile_options(-Werror)
endif()
if(MESETA_SANITIZE)
  list(JOIN MESETA_SANITIZE "," _sanitizers)
  add_compile_options(-fsanitize=${_sanitizers} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${_sanitizers})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12 reports these about Asio's coroutine frames and fences under sanitizers.
    add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wno-mismatched-new-delete> -Wno-tsan
                        -Wno-maybe-uninitialized)
  endif()
endif()

# Tests' time-outs are multiplied by it.
set(MESETA_TIMEOUT_FACTOR 1)
if(MESETA_SANITIZE)
  set(MESETA_TIMEOUT_FACTOR 5)
endif()

if(MESETA_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)  # Libraries, too: the fuzzer follows coverage.
  add_link_options(-fsanitize=fuzzer-no-link)
endif()

find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(CAF 0.17 REQUIRED COMPONENTS core)
find_package(GTest REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(Protobuf REQUIRED)
find_package(ZLIB REQUIRED)
find_package(LibArchive REQUIRED)
find_package(leveldb CONFIG REQUIRED)
# Debian's package names snappy as a library to link, which the shared leveldb brings along itself.
set_target_properties(leveldb::leveldb PROPERTIES INTERFACE_LINK_LIBRARIES "")
find_package(glog CONFIG REQUIRED)
find_package(date CONFIG REQUIRED)
find_package(benchmark CONFIG)
find_library(RAPIDCHECK_LIBRARY rapidcheck REQUIRED)  # Debian ships no CMake package for it.
find_library(JEMALLOC_LIBRARY jemalloc)
if(NOT JEMALLOC_LIBRARY)
  message(STATUS "No libjemalloc-dev: masters use the C library's malloc, and more processor time")
endif()

add_custom_target(meseta_binaries)      # What users run: everything in build/bin.
add_custom_target(meseta_unit_tests)    # What scripts/test --fast builds.
add_custom_target(meseta_thread_tests)  # What scripts/test --tsan builds.

function(meseta_library name)
  cmake_parse_arguments(ARG "" "" "DEPS" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_include_directories(${name} PUBLIC "${CMAKE_SOURCE_DIR}")
  target_link_libraries(${name} PUBLIC ${ARG_DEPS})
endfunction()

function(meseta_binary name)
  cmake_parse_arguments(ARG "" "" "DEPS" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE ${ARG_DEPS})
  add_dependencies(meseta_binaries ${name})
endfunction()

# Programs that hold a hundred thousand tasks as millions of small objects, made on one thread and
# freed on another. Sanitizers bring their own malloc.
function(meseta_use_jemalloc name)
  if(JEMALLOC_LIBRARY AND NOT MESETA_SANITIZE AND NOT MESETA_FUZZ)
    target_link_libraries(${name} PRIVATE ${JEMALLOC_LIBRARY})
  endif()
endfunction()

# meseta_bench(NAME "what it measures" SOURCES... [DEPS ...]): the program NAME_bench for scripts/bench,
# which lists it by this very line.
function(meseta_bench name sentence)
  if(NOT MESETA_BENCH)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "DEPS" ${ARGN})
  add_executable(${name}_bench ${ARG_UNPARSED_ARGUMENTS})
  set_target_properties(${name}_bench PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  target_include_directories(${name}_bench PRIVATE "${CMAKE_SOURCE_DIR}")
  target_link_libraries(${name}_bench PRIVATE ${ARG_DEPS})
endfunction()

function(meseta_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "DEPS;LABELS" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}")
  target_compile_definitions(${name} PRIVATE MESETA_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
                                             MESETA_BINARY_DIR="${CMAKE_BINARY_DIR}")
  # What is tested is optimised; the tests themselves compile much faster without.
  target_compile_options(${name} PRIVATE -O0)
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} GTest::gmock GTest::gtest_main
                                        ${RAPIDCHECK_LIBRARY})
  if(MESETA_SANITIZE MATCHES "thread")
    target_sources(${name} PRIVATE "${CMAKE_SOURCE_DIR}/tests/support/tsan_suppressions.cc")
  endif()
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  math(EXPR ARG_TIMEOUT "${ARG_TIMEOUT} * ${MESETA_TIMEOUT_FACTOR}")
  if(ARG_LABELS MATCHES "unit|golden|property")
    add_dependencies(meseta_unit_tests ${name})
  endif()
  if(ARG_LABELS MATCHES "threads")
    add_dependencies(meseta_thread_tests ${name})
  endif()
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT}
                                          SKIP_REGULAR_EXPRESSION "\\[  SKIPPED \\]")
endfunction()
