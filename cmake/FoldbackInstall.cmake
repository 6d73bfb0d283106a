# The install tree: libraries, public headers, the program, a CMake package with components and a pkg-config file.
#
#     find_package(foldback CONFIG REQUIRED COMPONENTS store)       foldback::store
#     find_package(foldback CONFIG REQUIRED COMPONENTS postgres)    foldback::postgres (brings store)
#     find_package(foldback CONFIG REQUIRED COMPONENTS client)      foldback::client (needs nothing of the store)
#     find_package(foldback CONFIG REQUIRED COMPONENTS remote)      foldback::remote (brings client and store)
#     find_package(foldback CONFIG REQUIRED COMPONENTS s3)          foldback::s3 (brings client and store)
#     find_package(foldback CONFIG REQUIRED COMPONENTS framework)   foldback::framework (brings store)
#     find_package(foldback CONFIG REQUIRED COMPONENTS server)      foldback::server (brings framework and store)

include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/foldback")

function(foldback_install_component component target)
    install(TARGETS ${target}
        EXPORT foldback-${component}
        ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT dev
        FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT dev)
    install(EXPORT foldback-${component}
        FILE foldback-${component}.cmake
        NAMESPACE foldback::
        DESTINATION "${package_dir}"
        COMPONENT dev)
endfunction()

foldback_install_component(core foldback_core)
foldback_install_component(store foldback_store)
if(FOLDBACK_POSTGRES)
    foldback_install_component(postgres foldback_postgres)
endif()
if(FOLDBACK_CLIENT)
    foldback_install_component(client foldback_client)
    foldback_install_component(remote foldback_remote)
    foldback_install_component(s3 foldback_s3)
endif()
foldback_install_component(framework foldback_framework)
if(FOLDBACK_SERVER)
    foldback_install_component(server foldback_server)
endif()
if(TARGET foldback)
    install(TARGETS foldback RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT program)

    # The program writes its own manual page and completions.
    set(pages "${PROJECT_BINARY_DIR}/pages")
    file(MAKE_DIRECTORY "${pages}")
    add_custom_command(
        OUTPUT "${pages}/foldback.1" "${pages}/foldback" "${pages}/_foldback" "${pages}/foldback.fish"
        COMMAND foldback reference --man > "${pages}/foldback.1"
        COMMAND foldback completion bash > "${pages}/foldback"
        COMMAND foldback completion zsh > "${pages}/_foldback"
        COMMAND foldback completion fish > "${pages}/foldback.fish"
        DEPENDS foldback
        VERBATIM)
    add_custom_target(foldback_pages ALL DEPENDS "${pages}/foldback.1")

    # What it is made of. Only Debian's packages are asked for it.
    find_program(FOLDBACK_DPKG_QUERY dpkg-query)
    mark_as_advanced(FOLDBACK_DPKG_QUERY)
    if(FOLDBACK_DPKG_QUERY)
        install(CODE "execute_process(
            COMMAND \"${PROJECT_SOURCE_DIR}/packaging/sbom.sh\" \"${PROJECT_VERSION}\"
            OUTPUT_FILE \"${PROJECT_BINARY_DIR}/foldback.spdx.json\"
            COMMAND_ERROR_IS_FATAL ANY)" COMPONENT program)
        install(FILES "${PROJECT_BINARY_DIR}/foldback.spdx.json" DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/foldback" COMPONENT program)
    endif()
    install(FILES "${pages}/foldback.1" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1" COMPONENT program)
    install(FILES "${pages}/foldback" DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" COMPONENT program)
    install(FILES "${pages}/_foldback" DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions" COMPONENT program)
    install(FILES "${pages}/foldback.fish" DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d" COMPONENT program)
    install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/foldback" RENAME copyright COMPONENT program)
    install(FILES "${PROJECT_SOURCE_DIR}/packaging/systemd/foldback.service" DESTINATION lib/systemd/system COMPONENT program)
endif()

configure_package_config_file(
    "${PROJECT_SOURCE_DIR}/cmake/foldbackConfig.cmake.in"
    "${PROJECT_BINARY_DIR}/foldbackConfig.cmake"
    INSTALL_DESTINATION "${package_dir}")

# While the version is 0.x a new minor version may break its users; the patch version may not.
write_basic_package_version_file(
    "${PROJECT_BINARY_DIR}/foldbackConfigVersion.cmake"
    COMPATIBILITY SameMinorVersion)

install(FILES
    "${PROJECT_BINARY_DIR}/foldbackConfig.cmake"
    "${PROJECT_BINARY_DIR}/foldbackConfigVersion.cmake"
    "${PROJECT_SOURCE_DIR}/cmake/FindISAL.cmake"
    DESTINATION "${package_dir}"
    COMPONENT dev)

# The pkg-config file finds its prefix by where it lies, so that the install tree can be moved.
file(RELATIVE_PATH prefix_from_pc
    "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig"
    "${CMAKE_INSTALL_PREFIX}")
configure_file(
    "${PROJECT_SOURCE_DIR}/cmake/foldback-store.pc.in"
    "${PROJECT_BINARY_DIR}/foldback-store.pc"
    @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/foldback-store.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT dev)

install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/libfoldback-dev" RENAME copyright COMPONENT dev)

include(FoldbackPackage)
