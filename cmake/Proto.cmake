# millrace_proto(NAME FILE): the static library millrace_NAME of the messages and gRPC stubs of FILE, a path under contracts/proto. The code
# is generated into the build directory; include it as <path/of/file.grpc.pb.h>. Its headers are system headers: no warnings from them.
find_package(Protobuf REQUIRED)
find_package(gRPC CONFIG REQUIRED)
add_custom_target(generated)  # all such code, for who reads sources without building them

function(millrace_proto name file)
  set(root ${CMAKE_SOURCE_DIR}/contracts/proto)
  set(made ${CMAKE_BINARY_DIR}/proto)
  string(REGEX REPLACE "\\.proto$" "" stem ${file})
  set(sources ${made}/${stem}.pb.cc ${made}/${stem}.grpc.pb.cc)
  add_custom_command(
    OUTPUT ${sources} ${made}/${stem}.pb.h ${made}/${stem}.grpc.pb.h
    COMMAND ${CMAKE_COMMAND} -E make_directory ${made}
    COMMAND protobuf::protoc --proto_path=${root} --cpp_out=${made} --grpc_out=${made}
            --plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin> ${file}
    DEPENDS ${root}/${file}
    VERBATIM)
  add_custom_target(millrace_${name}_sources DEPENDS ${sources})
  add_dependencies(generated millrace_${name}_sources)
  add_library(millrace_${name} STATIC ${sources})
  set_target_properties(millrace_${name} PROPERTIES UNITY_BUILD OFF)
  target_compile_options(millrace_${name} PRIVATE -w)
  target_include_directories(millrace_${name} SYSTEM PUBLIC ${made})
  target_link_libraries(millrace_${name} PUBLIC gRPC::grpc++ protobuf::libprotobuf)
endfunction()
