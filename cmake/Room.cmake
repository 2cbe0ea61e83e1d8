# millrace_room(NAME [HOT|COLD] [DEPS …] [LIBS …]): the static library millrace_NAME from the *.cc of this folder (not of subfolders),
# its unit tests from *_test.cc (target and ctest NAME_test), its benchmarks from *_bench.cc (target NAME_bench), its fuzz targets
# from *_fuzz.cc (one each, named after the file; only with MILLRACE_FUZZ, which takes clang: preset fuzz).
# The target unit_tests is all rooms' tests, without the binary and the integration tests.
# HOT: its files are compiled one by one (see millrace_in_batches): a large unit makes gcc stingy with inlining. Sanitized, they are checked for alignment.
# COLD: what a person waits for, not an event: compiled with -O1, a quarter cheaper, and sanitized only by ./dev test --long.
# The target careful_tests is the tests of all other rooms, which have the label careful.
# DEPS are other rooms, LIBS are third-party targets, private to this room unless PUBLIC_LIBS.
set(MILLRACE_SANITIZE "" CACHE STRING "-fsanitize= for our own code, e.g. address,undefined or thread")
set(MILLRACE_FUZZ OFF CACHE BOOL "build the fuzz targets (target fuzzers)")
find_program(CCACHE ccache)
if(CCACHE)  # the sloppiness is what it wants where headers are precompiled
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()
# Line numbers, for traces and profilers, without the types: a fifth less to compile, half as much to link.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-g1")
add_custom_target(unit_tests)
add_custom_target(careful_tests)
add_library(millrace_flags INTERFACE)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")  # clang builds the fuzz targets only, and warns of other things
  if(CCACHE)
    target_compile_options(millrace_flags INTERFACE -fpch-preprocess)  # so that it sees what is precompiled
  endif()
  target_compile_options(millrace_flags INTERFACE -pthread)  # everywhere, or what is precompiled fits only some
  target_compile_options(millrace_flags INTERFACE -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Werror)
  # gcc 12 warns falsely in its own std::string and std::variant at -O2 (gcc PR 105329, 105562).
  target_compile_options(millrace_flags INTERFACE -Wno-restrict -Wno-maybe-uninitialized -Wno-array-bounds -Wno-stringop-overflow)
endif()
target_include_directories(millrace_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
if(MILLRACE_SANITIZE)
  target_compile_options(millrace_flags INTERFACE -fsanitize=${MILLRACE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(millrace_flags INTERFACE -fsanitize=${MILLRACE_SANITIZE})
  # A null pointer is the address sanitizer's, too. Bytes become numbers in the hot rooms; elsewhere that check is a fifth of what compiling costs.
  if(MILLRACE_SANITIZE MATCHES undefined)
    target_compile_options(millrace_flags INTERFACE -fno-sanitize=null,object-size,vptr $<$<NOT:$<BOOL:$<TARGET_PROPERTY:MILLRACE_HOT>>>:-fno-sanitize=alignment>)
  endif()
endif()
if(MILLRACE_FUZZ)
  add_custom_target(fuzzers)
endif()

# googletest's headers and those of the standard library, which are a quarter of what a test costs to compile, are read once.
# millrace_test_headers(TARGET): an executable that is compiled as tests are.
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/precompiled.cc CONTENT "int main() {}\n")
add_executable(millrace_precompiled EXCLUDE_FROM_ALL ${CMAKE_BINARY_DIR}/precompiled.cc)
target_link_libraries(millrace_precompiled PRIVATE millrace_flags GTest::gmock)
target_precompile_headers(millrace_precompiled PRIVATE <gmock/gmock.h> <algorithm> <chrono> <filesystem> <fstream> <map> <string> <thread> <vector>)
if(NOT MILLRACE_SANITIZE)
  target_compile_options(millrace_precompiled PRIVATE -O0)
endif()
function(millrace_test_headers target)
  if(MILLRACE_BATCHES AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_precompile_headers(${target} REUSE_FROM millrace_precompiled)
  endif()
endfunction()

# Compiles the target's files in batches, as if each batch were one file: half of what they cost one by one is reading the same headers
# (docs/decisions/0022-rooms-are-compiled-in-batches.md). So a name in an anonymous namespace is used once in a room.
option(MILLRACE_BATCHES "compile a room's files in batches; OFF: one by one, as editors and clang-tidy like it" ON)
function(millrace_in_batches target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${MILLRACE_BATCHES} UNITY_BUILD_BATCH_SIZE 12)
  if(MILLRACE_BATCHES AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -Wno-subobject-linkage)  # each file is an included one now
  endif()
endfunction()

function(millrace_room name)
  cmake_parse_arguments(ROOM "HOT;COLD" "" "DEPS;LIBS;PUBLIC_LIBS;TEST_LIBS;FUZZ_LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  file(GLOB tests CONFIGURE_DEPENDS *_test.cc)
  file(GLOB benches CONFIGURE_DEPENDS *_bench.cc)
  file(GLOB fuzzers CONFIGURE_DEPENDS *_fuzz.cc)
  list(REMOVE_ITEM sources "" ${tests} ${benches} ${fuzzers})
  list(TRANSFORM ROOM_DEPS PREPEND millrace_)
  if(sources)
    add_library(millrace_${name} STATIC ${sources})
    if(NOT ROOM_HOT)
      millrace_in_batches(millrace_${name})
    endif()
    set_target_properties(millrace_${name} PROPERTIES MILLRACE_HOT ${ROOM_HOT})
    if(ROOM_COLD AND NOT MILLRACE_SANITIZE)
      target_compile_options(millrace_${name} PRIVATE -O1)
    endif()
    target_link_libraries(millrace_${name} PUBLIC millrace_flags ${ROOM_DEPS} ${ROOM_PUBLIC_LIBS} PRIVATE ${ROOM_LIBS})
  else()
    add_library(millrace_${name} INTERFACE)
    target_link_libraries(millrace_${name} INTERFACE millrace_flags ${ROOM_DEPS} ${ROOM_PUBLIC_LIBS})
  endif()
  if(tests)
    add_executable(${name}_test ${tests})
    millrace_in_batches(${name}_test)
    millrace_test_headers(${name}_test)
    target_link_libraries(${name}_test PRIVATE millrace_${name} ${ROOM_LIBS} ${ROOM_TEST_LIBS} GTest::gmock GTest::gtest_main)
    target_compile_definitions(${name}_test PRIVATE MILLRACE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    if(NOT MILLRACE_SANITIZE)
      target_compile_options(${name}_test PRIVATE -O0)  # the test's own sources: their code runs once
    endif()
    add_dependencies(unit_tests ${name}_test)
    add_test(NAME ${name}_test COMMAND ${name}_test --gtest_brief=1)
    if(NOT ROOM_COLD)
      add_dependencies(careful_tests ${name}_test)
      set_tests_properties(${name}_test PROPERTIES LABELS careful)
    endif()
  endif()
  if(benches)
    add_executable(${name}_bench EXCLUDE_FROM_ALL ${benches})
    target_link_libraries(${name}_bench PRIVATE millrace_${name} ${ROOM_LIBS} benchmark::benchmark_main)
  endif()
  if(MILLRACE_FUZZ)
    foreach(path ${fuzzers})
      get_filename_component(fuzzer ${path} NAME_WE)
      add_executable(${fuzzer} ${path})
      target_link_libraries(${fuzzer} PRIVATE millrace_${name} ${ROOM_LIBS} ${ROOM_FUZZ_LIBS})
      target_link_options(${fuzzer} PRIVATE -fsanitize=fuzzer)
      target_compile_definitions(${fuzzer} PRIVATE MILLRACE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
      set_target_properties(${fuzzer} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
      add_dependencies(fuzzers ${fuzzer})
    endforeach()
  endif()
endfunction()
