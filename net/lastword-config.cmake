# find_package(lastword)                   gives lastword::core, which does no input or output
# find_package(lastword COMPONENTS asio)   gives lastword::asio too, its drivers over Boost.Asio
include(CMakeFindDependencyMacro)

find_dependency(ZLIB)
find_dependency(OpenSSL COMPONENTS Crypto)
include("${CMAKE_CURRENT_LIST_DIR}/lastword-core.cmake")
set(lastword_core_FOUND TRUE)

if("asio" IN_LIST lastword_FIND_COMPONENTS)
  find_dependency(Boost 1.81)
  find_dependency(Threads)
  include("${CMAKE_CURRENT_LIST_DIR}/lastword-asio.cmake")
  set(lastword_asio_FOUND TRUE)
endif()

foreach(component IN LISTS lastword_FIND_COMPONENTS)
  if(NOT lastword_${component}_FOUND AND lastword_FIND_REQUIRED_${component})
    set(lastword_FOUND FALSE)
    set(lastword_NOT_FOUND_MESSAGE "lastword has no component '${component}'; it has core and asio")
  endif()
endforeach()
