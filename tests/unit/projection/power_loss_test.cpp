#include <dlfcn.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>

#include "projection_fixture.hpp"

/// What a loss of power leaves of a projection's database: of each file what it held when it was flushed last, unless its name was gone
/// when the directory was.
namespace foldback::projection_tests {
namespace {

std::mutex synced_mutex;
std::map<std::filesystem::path, std::string> synced_files;

void note_synced(int descriptor) {
    std::error_code error;
    const auto path = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(descriptor), error);
    if (error) return;
    const std::lock_guard lock(synced_mutex);
    if (std::filesystem::is_directory(path)) {
        std::erase_if(synced_files, [&](const auto& synced) {
            return synced.first.parent_path() == path && !std::filesystem::exists(synced.first);
        });
    } else {
        std::ifstream file(path, std::ios::binary);
        synced_files[path] = std::string(std::istreambuf_iterator<char>(file), {});
    }
}

int flush(const char* how, int descriptor) {
    const auto next = reinterpret_cast<int (*)(int)>(::dlsym(RTLD_NEXT, how));
    const int result = next(descriptor);
    if (result == 0) note_synced(descriptor);
    return result;
}

/// Copies what would be left of a directory's files into another one.
void leave_what_is_synced(const std::filesystem::path& directory, const std::filesystem::path& in) {
    std::filesystem::create_directory(in);
    const std::lock_guard lock(synced_mutex);
    for (const auto& [path, contents] : synced_files) {
        if (path.parent_path() == directory) std::ofstream(in / path.filename(), std::ios::binary) << contents;
    }
}

struct Listener final : Sink {
    void apply(const Delivery& delivery) override { heard.emplace_back(delivery.message.data); }
    Strings heard;
};

}  // namespace

TEST_CASE("where a projection began is not lost with the power") {
    World world(true);
    world.append("a", "1");
    const auto before = world.path_of("before");
    const auto after = world.path_of("after");
    std::filesystem::create_directory(before);
    ProjectionDefinition definition;
    definition.name = "listener";
    definition.start = FromNow{};
    definition.sink = std::make_shared<Listener>();
    ProjectionRunner runner(*world.store, world.options());
    runner.add(definition, Database::open(before / "read.db"));
    world.append("a", "2");

    leave_what_is_synced(before, after);
    const auto listener = std::make_shared<Listener>();
    definition.sink = listener;
    ProjectionRunner next(*world.store, world.options());
    next.add(definition, Database::open(after / "read.db"));
    next.run_until_caught_up();

    CHECK(listener->heard == Strings{"2"});
}

}  // namespace foldback::projection_tests

// In place of the C library's, for SQLite too.
extern "C" int fsync(int descriptor) { return foldback::projection_tests::flush("fsync", descriptor); }
extern "C" int fdatasync(int descriptor) { return foldback::projection_tests::flush("fdatasync", descriptor); }
