#pragma once

#include <map>

#include "foldback/app/projection_runner.hpp"

#include "contract/store_fixture.hpp"
#include "support/eventually.hpp"

/// What the tests of projections share: a store, a database and a projection that writes down whatever it gets.
namespace foldback::projection_tests {

using contract::Strings;
using contract::TemporaryDirectory;
using std::chrono::milliseconds;
using test::eventually;

enum class Driven : std::uint8_t { by_hand, by_threads };
enum class Reached : std::uint8_t {
    here,
    over_http,       ///< behind our server
    another_server,  ///< behind the one in CONTRACT_SERVER_URL
};

/// A store in memory or on disk, a database, and the clock of both.
class World {
public:
    explicit World(bool on_disk, Driven driven = Driven::by_hand, Reached reached = Reached::here);

    /// Appends one JSON message; the stream is made when it is not there. Where to wait for it.
    Position append(std::string_view stream, std::string_view json);
    /// `{"type":…,"data":{"n":…}}`
    Position append_event(std::string_view stream, std::string_view type, int n = 0);

    [[nodiscard]] ProjectionRunnerOptions options() const;
    void open_database();
    [[nodiscard]] std::filesystem::path path_of(const std::string& name) const { return directory.path() / name; }

    /// Rows as texts: columns joined by "|", in the order of the query.
    [[nodiscard]] Strings rows(const std::string& sql) const;
    /// What `journal` wrote: `stream@offset` in the order of writing.
    [[nodiscard]] Strings journal_rows(const std::string& name = "journal") const;

    bool is_on_disk;
    Driven driven;
    TemporaryDirectory directory;
    ManualClock clock;
    std::unique_ptr<LogStore> log;  ///< null behind another server
    std::unique_ptr<test::ServedStore> served;
    StreamStore* store = nullptr;
    std::shared_ptr<Database> database;
};

/// Runs a test with everything in memory, with everything on disk, and with the store behind HTTP, by hand. Behind another
/// server there is no order of the store: there the test must be told so.
void in_every_world(const std::function<void(World&)>& test);
/// The same with threads too.
void in_every_world_and_way(const std::function<void(World&)>& test);

/// A projection that writes each event into the table of its name: (stream, offset, position, data, replay).
[[nodiscard]] ProjectionDefinition journal(const std::string& name = "journal");

/// Drives the runner, or lets its threads work, until the projection has seen all there is.
void catch_up(World& world, ProjectionRunner& runner);

/// Fails for messages whose data is in a set, as often as is left.
class Trouble {
public:
    void expect(std::string data, int times = INT32_MAX) { left_[std::move(data)] = times; }
    void forgive(const std::string& data) { left_.erase(data); }
    /// Throws when it is to fail.
    void meet(std::string_view data) {
        const auto found = left_.find(std::string(data));
        if (found == left_.end() || found->second == 0) return;
        --found->second;
        ++met;
        throw std::runtime_error("cannot apply " + std::string(data));
    }
    int met = 0;

private:
    std::map<std::string, int> left_;
};

/// `journal` that fails as `trouble` says, after it wrote.
[[nodiscard]] ProjectionDefinition troubled_journal(Trouble& trouble, const std::string& name = "journal");

}  // namespace foldback::projection_tests
