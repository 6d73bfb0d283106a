# Writes a C++ file with the contents of a folder: cmake -D FOLDER=<folder> -D FILES=<a;b> -D OUTPUT=<file> -P web_files.cmake
set(arrays "")
set(rows "")
set(number 0)
foreach(name IN LISTS FILES)
    file(READ "${FOLDER}/${name}" bytes HEX)
    file(SHA256 "${FOLDER}/${name}" hash)
    string(SUBSTRING "${hash}" 0 16 hash)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
    string(APPEND arrays "constexpr unsigned char file_${number}[] = {${bytes}};\n")
    if(name MATCHES "\\.html$")
        set(type "text/html; charset=utf-8")
    elseif(name MATCHES "\\.css$")
        set(type "text/css; charset=utf-8")
    elseif(name MATCHES "\\.js$")
        set(type "text/javascript; charset=utf-8")
    elseif(name MATCHES "\\.svg$")
        set(type "image/svg+xml")
    else()
        message(FATAL_ERROR "${name}: of what type is this?")
    endif()
    string(APPEND rows
        "    {\"/${name}\", \"${type}\", {reinterpret_cast<const char*>(file_${number}), sizeof file_${number}}, R\"(\"${hash}\")\"},\n")
    math(EXPR number "${number} + 1")
endforeach()
file(WRITE "${OUTPUT}" "#include <span>

#include \"api/pages.hpp\"

namespace orders::api {
namespace {

${arrays}
const WebFile files[] = {
${rows}};

}  // namespace

extern const std::span<const WebFile> web_files;
const std::span<const WebFile> web_files(files);

}  // namespace orders::api
")
