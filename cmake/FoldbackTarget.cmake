# foldback_target(<target>...): how we compile our own code.
#
# C++20 without extensions, every warning we can keep clean, and, by option, hardening. Nothing of this reaches the
# targets of a project that uses ours.

add_library(foldback_compile_options INTERFACE)

target_compile_options(foldback_compile_options INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wimplicit-fallthrough -Wformat -Werror=format-security
    # Designated initialisers name what matters; the rest has defaults.
    -Wno-missing-field-initializers)

# What the sanitizers put between the lines misleads g++ 12, as its manual says: it has a variant that was just made hold
# another of its types. The presets without sanitizers keep this warning.
if(CMAKE_CXX_FLAGS_DEBUG MATCHES "-fsanitize=" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(foldback_compile_options INTERFACE -Wno-maybe-uninitialized)
endif()

if(FOLDBACK_WERROR)
    target_compile_options(foldback_compile_options INTERFACE -Werror)
endif()

if(FOLDBACK_HARDENED)
    # The OpenSSF list for released binaries, less -ftrivial-auto-var-init=zero: it zeroes the stack buffers of hot paths.
    target_compile_options(foldback_compile_options INTERFACE
        -fstack-protector-strong -fstack-clash-protection -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
    if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
        target_compile_options(foldback_compile_options INTERFACE -fcf-protection=full)
    endif()
    target_link_options(foldback_compile_options INTERFACE
        -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
endif()

function(foldback_target)
    foreach(target IN LISTS ARGN)
        set_target_properties(${target} PROPERTIES
            CXX_EXTENSIONS OFF
            POSITION_INDEPENDENT_CODE ON)
        target_compile_features(${target} PUBLIC cxx_std_20)
        target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:foldback_compile_options>)
    endforeach()
endfunction()
