# The Debian packages (`./dev package`): `foldback`, the program with its unit, and `libfoldback-dev`, the libraries.

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME foldback)
set(CPACK_PACKAGE_VENDOR "The Foldback developers")
set(CPACK_PACKAGE_CONTACT "The Foldback developers <foldback@localhost>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE")
set(CPACK_COMPONENTS_ALL program dev)
set(CPACK_STRIP_FILES ON)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME foldback)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_CONTROL_EXTRA
    "${PROJECT_SOURCE_DIR}/packaging/debian/postinst"
    "${PROJECT_SOURCE_DIR}/packaging/debian/prerm"
    "${PROJECT_SOURCE_DIR}/packaging/debian/postrm")
set(CPACK_COMPONENT_PROGRAM_DESCRIPTION
    "This package has the server, its command line and its unit for systemd.
Append-only streams over HTTP: offset replay, exactly-once producers, live
tailing, forks, subscriptions, and a time-travel debugger.")

# The libraries are static: who links them links what they use.
set(CPACK_DEBIAN_DEV_PACKAGE_NAME libfoldback-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS
    "libboost1.81-dev, libisal-dev, libsqlite3-dev, libsqlitecpp-dev, libpq-dev, libsimdjson-dev, nlohmann-json3-dev, libspdlog-dev, libcli11-dev, zlib1g-dev, libzstd-dev, libssl-dev, pkgconf")
set(CPACK_COMPONENT_DEV_DESCRIPTION
    "This package has the libraries, their headers and the CMake package.
Aggregates as plain values and pure functions, upcasters, snapshots,
projections, workflows, time travel, and a client of Durable Streams servers.")

include(CPack)
