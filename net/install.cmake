# What `cmake --install` puts where, so that find_package(lastword) finds it (docs/EMBEDDING.md).
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(LASTWORD_INSTALL_INCLUDES "${CMAKE_INSTALL_INCLUDEDIR}/lastword")
set(lastword_package "${CMAKE_INSTALL_LIBDIR}/cmake/lastword")

# lastword_install_library(TARGET NAME): TARGET as lastword::NAME, with the headers of the folder that
# calls this, which keep their place below one include folder.
function(lastword_install_library target name)
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  install(TARGETS ${target} EXPORT lastword_${name} ARCHIVE)
  install(EXPORT lastword_${name} NAMESPACE lastword:: FILE lastword-${name}.cmake
          DESTINATION ${lastword_package})
  get_filename_component(folder "${CMAKE_CURRENT_SOURCE_DIR}" NAME)
  get_target_property(sources ${target} SOURCES)
  foreach(source IN LISTS sources)
    if(source MATCHES "\\.h$")
      get_filename_component(place "${folder}/${source}" DIRECTORY)
      install(FILES "${CMAKE_CURRENT_SOURCE_DIR}/${source}"
              DESTINATION "${LASTWORD_INSTALL_INCLUDES}/${place}")
    endif()
  endforeach()
endfunction()

# Before 1.0 a minor version may change the face of things.
write_basic_package_version_file(lastword-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_LIST_DIR}/lastword-config.cmake"
              "${PROJECT_BINARY_DIR}/lastword-config-version.cmake"
        DESTINATION ${lastword_package})
