# Libraries from Debian, and the two that `./dev setup` builds or unpacks under MILLRACE_DEPS.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
find_package(prometheus-cpp REQUIRED)
find_package(CURL REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
pkg_check_modules(LZ4 REQUIRED IMPORTED_TARGET liblz4)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)

if(DEFINED ENV{MILLRACE_DEPS})
  set(MILLRACE_DEPS $ENV{MILLRACE_DEPS})
elseif(DEFINED ENV{XDG_CACHE_HOME})
  set(MILLRACE_DEPS $ENV{XDG_CACHE_HOME}/millrace/deps)
else()
  set(MILLRACE_DEPS $ENV{HOME}/.cache/millrace/deps)
endif()

set(RDKAFKA_DIR ${MILLRACE_DEPS}/librdkafka-2.12.0)
if(NOT EXISTS ${RDKAFKA_DIR}/lib/librdkafka.a)
  message(FATAL_ERROR "librdkafka 2.12.0 is not in ${RDKAFKA_DIR}: run ./dev setup")
endif()
add_library(rdkafka STATIC IMPORTED GLOBAL)
set_target_properties(rdkafka PROPERTIES
  IMPORTED_LOCATION ${RDKAFKA_DIR}/lib/librdkafka.a
  INTERFACE_INCLUDE_DIRECTORIES ${RDKAFKA_DIR}/include
  INTERFACE_LINK_LIBRARIES "OpenSSL::SSL;OpenSSL::Crypto;ZLIB::ZLIB;PkgConfig::LZ4;PkgConfig::ZSTD;Threads::Threads;dl;m;rt")
