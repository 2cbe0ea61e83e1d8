# Libraries from Debian, and those that `./dev setup` builds or unpacks under MILLRACE_DEPS.
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
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(PQ REQUIRED IMPORTED_TARGET libpq)

if(DEFINED ENV{MILLRACE_DEPS})
  set(MILLRACE_DEPS $ENV{MILLRACE_DEPS})
elseif(DEFINED ENV{XDG_CACHE_HOME})
  set(MILLRACE_DEPS $ENV{XDG_CACHE_HOME}/millrace/deps)
else()
  set(MILLRACE_DEPS $ENV{HOME}/.cache/millrace/deps)
endif()

set(RDKAFKA_DIR ${MILLRACE_DEPS}/librdkafka-2.12.0-4)
if(NOT EXISTS ${RDKAFKA_DIR}/lib/librdkafka.a)
  message(FATAL_ERROR "librdkafka 2.12.0 is not in ${RDKAFKA_DIR}: run ./dev setup")
endif()
add_library(rdkafka STATIC IMPORTED GLOBAL)
set_target_properties(rdkafka PROPERTIES
  IMPORTED_LOCATION ${RDKAFKA_DIR}/lib/librdkafka.a
  INTERFACE_INCLUDE_DIRECTORIES ${RDKAFKA_DIR}/include
  INTERFACE_LINK_LIBRARIES "OpenSSL::SSL;OpenSSL::Crypto;ZLIB::ZLIB;PkgConfig::LZ4;PkgConfig::ZSTD;Threads::Threads;dl;m;rt")

# Shared, from the Python wheel: see docs/decisions/0021. Binaries find them by their rpath, which names this folder.
set(ARROW_DIR ${MILLRACE_DEPS}/arrow-26.0.0)
if(NOT EXISTS ${ARROW_DIR}/complete)
  message(FATAL_ERROR "Arrow and Parquet 26.0.0 are not in ${ARROW_DIR}: run ./dev setup")
endif()
foreach(library arrow parquet)
  add_library(Arrow::${library} SHARED IMPORTED GLOBAL)
  set_target_properties(Arrow::${library} PROPERTIES
    IMPORTED_LOCATION ${ARROW_DIR}/lib/lib${library}.so.2600
    IMPORTED_SONAME lib${library}.so.2600
    INTERFACE_INCLUDE_DIRECTORIES ${ARROW_DIR}/include)
endforeach()
set_property(TARGET Arrow::parquet APPEND PROPERTY INTERFACE_LINK_LIBRARIES Arrow::arrow)
