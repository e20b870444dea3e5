# Compiler settings shared by every target, and the verbs the folders use: ib_library, ib_embed, ib_test.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
# Debug builds here are for tests and sanitizers: line tables are enough and link in a third of the time.
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")
set(CMAKE_CXX_FLAGS_RELEASE "-O2")

find_program(IB_CCACHE ccache)
if(IB_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # A precompiled header is cacheable only with these two settings (ccache's manual, "Precompiled headers").
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${IB_CCACHE})
endif()
find_program(IB_MOLD mold)
if(IB_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
add_compile_options(-Wall -Wextra -Wpedantic -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 sees uninitialized members in moved std::variants where there are none.
  add_compile_options(-Wno-maybe-uninitialized -fpch-preprocess)
endif()
if(IB_SANITIZE)
  # CAF's headers call members on null references to compute types: the null check is of no use there.
  add_compile_options(-fsanitize=${IB_SANITIZE} -fno-omit-frame-pointer)
  if(IB_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize=null)
  endif()
  add_link_options(-fsanitize=${IB_SANITIZE})
endif()

# What most files include sooner or later; reading it takes a second of each.
set(IB_STANDARD_HEADERS <algorithm> <chrono> <functional> <map> <memory> <optional> <sstream> <string> <thread>
    <unordered_map> <vector>)

# ib_library(name LINKS ... [EXCLUDE regex] [TIMELESS]): every .cpp of the current folder becomes one static library.
# TIMELESS: its files are not given what tells the time.
function(ib_library name)
  cmake_parse_arguments(ARG "TIMELESS" "EXCLUDE" "LINKS;FOLDERS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
  foreach(folder IN LISTS ARG_FOLDERS)
    file(GLOB more CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.cpp")
    list(APPEND sources ${more})
  endforeach()
  if(ARG_EXCLUDE)
    list(FILTER sources EXCLUDE REGEX "${ARG_EXCLUDE}")
  endif()
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} PUBLIC "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PUBLIC ${ARG_LINKS})
  set(headers ${IB_STANDARD_HEADERS})
  if(ARG_TIMELESS)
    list(REMOVE_ITEM headers <chrono> <thread>)
  endif()
  target_precompile_headers(${name} PRIVATE ${headers})
endfunction()

# ib_embed(target HEADER header NAMESPACE n FILES name=path...): the target gets each file as a string_view of that name.
function(ib_embed target)
  cmake_parse_arguments(ARG "" "HEADER;NAMESPACE" "FILES" ${ARGN})
  set(files)
  set(paths)
  foreach(entry IN LISTS ARG_FILES)
    string(REGEX MATCH "^([a-z_]+)=(.+)$" matched "${entry}")
    list(APPEND files "${CMAKE_MATCH_1}=${CMAKE_CURRENT_SOURCE_DIR}/${CMAKE_MATCH_2}")
    list(APPEND paths "${CMAKE_CURRENT_SOURCE_DIR}/${CMAKE_MATCH_2}")
  endforeach()
  set(out "${CMAKE_CURRENT_BINARY_DIR}/embedded_files.cpp")
  set(script "${PROJECT_SOURCE_DIR}/tools/cmake/EmbedFiles.cmake")
  add_custom_command(OUTPUT "${out}" DEPENDS ${paths} "${script}" VERBATIM
    COMMAND ${CMAKE_COMMAND} "-DOUT=${out}" "-DHEADER=${ARG_HEADER}" "-DNAMESPACE=${ARG_NAMESPACE}"
            "-DFILES=${files}" -P "${script}")
  target_sources(${target} PRIVATE "${out}")
endfunction()

# ib_test(name LINKS ... [PCH header...]): every .cpp of the current folder becomes one Catch2 program, each case a ctest test.
function(ib_test name)
  cmake_parse_arguments(ARG "" "" "LINKS;PCH" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE ${ARG_LINKS} Catch2::Catch2WithMain)
  target_precompile_headers(${name} PRIVATE <catch2/catch.hpp> ${IB_STANDARD_HEADERS} ${ARG_PCH})
  # Tests are compiled more often than they run: a quarter of their compile time is the optimizer's. What the
  # libraries hold is tested as it is delivered.
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  target_compile_definitions(${name} PRIVATE IB_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  catch_discover_tests(${name} TEST_PREFIX "${name}: " PROPERTIES TIMEOUT 300)
endfunction()
