"""Foldback for Conan 2: `conan create .` builds the libraries, `-o "&:program=True"` the server as well."""

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout


class Foldback(ConanFile):
    name = "foldback"
    version = "0.1.0"
    license = "Apache-2.0"
    description = "An event-sourcing framework for C++20 with its own durable event store"
    topics = ("event-sourcing", "event-store", "cqrs", "durable-streams")
    package_type = "static-library"
    settings = "os", "compiler", "build_type", "arch"
    options = {"client": [True, False], "program": [True, False]}
    default_options = {"client": True, "program": False}
    exports_sources = "CMakeLists.txt", "LICENSE", "cmake/*", "framework/*", "server/*", "packaging/*"

    def validate(self):
        check_min_cppstd(self, 20)

    def layout(self):
        cmake_layout(self)

    def requirements(self):
        self.requires("boost/1.81.0", transitive_headers=True, options={"header_only": True})
        self.requires("simdjson/[>=3 <4]")
        self.requires("sqlitecpp/[>=3.2 <4]")
        self.requires("isa-l/2.30.0")
        self.requires("nlohmann_json/[>=3.11 <4]", transitive_headers=True)
        if self.options.client or self.options.program:
            self.requires("zlib/[>=1.2.11 <2]")
            self.requires("openssl/[>=3 <4]")
        if self.options.program:
            self.requires("spdlog/[>=1.11 <2]")
            self.requires("cli11/[>=2.3 <3]")

    def generate(self):
        CMakeDeps(self).generate()
        toolchain = CMakeToolchain(self)
        toolchain.variables["FOLDBACK_CLIENT"] = bool(self.options.client or self.options.program)
        toolchain.variables["FOLDBACK_SERVER"] = bool(self.options.program)
        toolchain.variables["FOLDBACK_POSTGRES"] = False
        toolchain.variables["FOLDBACK_EXAMPLES"] = False
        toolchain.variables["FOLDBACK_TESTS"] = False
        toolchain.variables["FOLDBACK_INSTALL"] = True
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()

    def package_info(self):
        # The project's own CMake package says what each component needs.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs.append("lib/cmake/foldback")
