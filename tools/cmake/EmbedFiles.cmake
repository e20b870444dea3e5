# Writes C++ that holds files' bytes: cmake -DOUT=a.cpp -DHEADER=b.hpp -DNAMESPACE=n -DFILES="name=path;..." -P EmbedFiles.cmake
set(text "#include \"${HEADER}\"\n\nnamespace ${NAMESPACE} {\n\n")
foreach(entry IN LISTS FILES)
  string(REGEX MATCH "^([a-z_]+)=(.+)$" matched "${entry}")
  set(name "${CMAKE_MATCH_1}")
  set(path "${CMAKE_MATCH_2}")
  file(READ "${path}" bytes HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" bytes "${bytes}")
  # Lines of a length that tools bear.
  string(REGEX REPLACE "(................................................................................................)"
         "\\1\"\n    \"" bytes "${bytes}")
  string(APPEND text "const std::string_view ${name}{\n    \"${bytes}\",\n    ")
  file(SIZE "${path}" size)
  string(APPEND text "${size}};\n\n")
endforeach()
file(WRITE "${OUT}" "${text}} // namespace ${NAMESPACE}\n")
