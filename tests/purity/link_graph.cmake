# The first of the three checks that the core is pure: what lastword_core links, directly or
# through others, must stand on the list below, and Boost is looked for in net/ only. It is made
# whenever the project is configured, with or without tests.

# Pure computation from a library is fine. Which parts of it are meant, the other two checks say.
set(LASTWORD_CORE_MAY_LINK lastword_warnings ZLIB::ZLIB OpenSSL::Crypto)

function(lastword_check_core_links)
  get_target_property(type lastword_core TYPE)
  if(NOT type STREQUAL "STATIC_LIBRARY")
    message(FATAL_ERROR "purity: lastword_core is a ${type}; its symbols can be checked only in a static library")
  endif()

  set(waiting lastword_core)
  set(seen lastword_core)
  set(way_to_lastword_core lastword_core)
  while(waiting)
    list(POP_FRONT waiting target)

    # An option can name a library past every target.
    foreach(property IN ITEMS INTERFACE_LINK_OPTIONS STATIC_LIBRARY_OPTIONS INTERFACE_LINK_DIRECTORIES)
      get_target_property(options ${target} ${property})
      if(options)
        message(FATAL_ERROR "purity: ${way_to_${target}} sets ${property} to '${options}'; the core links nothing by option")
      endif()
    endforeach()

    foreach(property IN ITEMS LINK_LIBRARIES INTERFACE_LINK_LIBRARIES)
      get_target_property(libraries ${target} ${property})
      if(NOT libraries)
        continue()
      endif()
      foreach(library IN LISTS libraries)
        if(library MATCHES "^::@") # CMake's own mark: the next entries were added in another folder
          continue()
        endif()
        # What is linked while this project is built, and not by who finds it installed.
        string(REGEX REPLACE "\\$<BUILD_INTERFACE:([^<>]+)>" "\\1" library "${library}")
        # How CMake writes down what a static library links PRIVATE.
        string(REGEX REPLACE "^\\$<LINK_ONLY:([^<>]+)>$" "\\1" library "${library}")
        if(TARGET "${library}")
          get_target_property(original ${library} ALIASED_TARGET)
          if(original)
            set(library ${original})
          endif()
        endif()
        # Anything else is refused, a generator expression too: it can hide a library.
        if(NOT library IN_LIST LASTWORD_CORE_MAY_LINK)
          message(
            FATAL_ERROR
              "purity: the core must not link '${library}' (${way_to_${target}} -> ${library}). "
              "What it may link: ${LASTWORD_CORE_MAY_LINK} (tests/purity/link_graph.cmake).")
        endif()
        if(TARGET "${library}" AND NOT library IN_LIST seen)
          list(APPEND seen ${library})
          set(way_to_${library} "${way_to_${target}} -> ${library}")
          # What an allowed package links is the package's own affair.
          get_target_property(is_imported ${library} IMPORTED)
          if(NOT is_imported)
            list(APPEND waiting ${library})
          endif()
        endif()
      endforeach()
    endforeach()
  endwhile()
endfunction()

function(lastword_check_who_finds_boost)
  file(GLOB folders LIST_DIRECTORIES true "${PROJECT_SOURCE_DIR}/*")
  set(files "${PROJECT_SOURCE_DIR}/CMakeLists.txt")
  foreach(folder IN LISTS folders)
    if(IS_DIRECTORY "${folder}" AND NOT folder MATCHES "/build$")
      file(GLOB_RECURSE found "${folder}/CMakeLists.txt" "${folder}/*.cmake")
      list(APPEND files ${found})
    endif()
  endforeach()
  foreach(file IN LISTS files)
    file(RELATIVE_PATH path "${PROJECT_SOURCE_DIR}" "${file}")
    if(path MATCHES "^net/|^tests/purity/canaries/")
      continue()
    endif()
    file(READ "${file}" text)
    string(REGEX REPLACE "#[^\n]*" "" text "${text}")
    string(TOLOWER "${text}" text)
    if(text MATCHES "find_package[ \t\r\n]*\\([ \t\r\n]*\"?boost")
      message(FATAL_ERROR "purity: ${path} looks for Boost; only net/ may find that package")
    endif()
  endforeach()
endfunction()

# Put off until every folder has been read, so that nobody adds a library to the core behind the
# check.
cmake_language(DEFER DIRECTORY "${CMAKE_SOURCE_DIR}" CALL lastword_check_core_links)
cmake_language(DEFER DIRECTORY "${CMAKE_SOURCE_DIR}" CALL lastword_check_who_finds_boost)
