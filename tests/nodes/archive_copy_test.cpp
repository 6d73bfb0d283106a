#include <doctest/doctest.h>

#include <climits>

#include "nodes/archived.hpp"
#include "nodes/state_text.hpp"

/// What becomes of a node's copy of the log when it ends with what only the archive can have.
namespace foldback::nodes {
namespace {

/// Another place, of which so many pieces can be read and no more.
class FailingPlace final : public ArchivePlace {
public:
    FailingPlace(std::shared_ptr<ArchivePlace> place, std::shared_ptr<int> reads)
        : place_(std::move(place)), left_(std::move(reads)) {}

    std::shared_ptr<const ReadableFile> open(const std::string& name) override {
        auto file = place_->open(name);
        return file ? std::make_shared<File>(std::move(file), left_) : nullptr;
    }
    void put(const std::string& name, const Write& write, const Check& check) override {
        place_->put(name, write, check);
    }
    void sync(const std::string& name) override { place_->sync(name); }
    void clear_away() override { place_->clear_away(); }
    std::string describe(const std::string& name) const override { return place_->describe(name); }

private:
    struct File final : ReadableFile {
        File(std::shared_ptr<const ReadableFile> real, std::shared_ptr<int> left)
            : file(std::move(real)), reads_left(std::move(left)) {}
        std::size_t read_at(std::uint64_t offset, std::span<std::byte> out) const override {
            if ((*reads_left)-- <= 0) throw DeviceError(std::make_error_code(std::errc::io_error), "reading");
            return file->read_at(offset, out);
        }
        std::uint64_t size() const override { return file->size(); }

        std::shared_ptr<const ReadableFile> file;
        std::shared_ptr<int> reads_left;
    };

    std::shared_ptr<ArchivePlace> place_;
    std::shared_ptr<int> left_;
};

/// The first segment of a node's copy, without what is not written yet.
std::string beginning_of(LogDevice& copy) {
    const auto file = copy.open(log::segment_name(1), LogDevice::Open::read_only);
    std::string bytes(file->size(), '\0');
    (void)file->read_at(0, std::as_writable_bytes(std::span(bytes)));
    return bytes.substr(0, bytes.find_last_not_of('\0') + 1);
}

}  // namespace

TEST_CASE_TEMPLATE(
    "while an archive cannot be read, what only it has is unavailable, and neither lost nor fetched anew", Where,
    InDirectory, InBucket) {
    Archived<Where> log(4);
    const auto copy = make_memory_device();
    (void)log.node_over(copy, log.where.place());
    for (int i = 0; i < 40; ++i) log.append("more");
    log.archive_all(1);
    const auto names = copy->list();

    for (int kind = 0; kind < Where::kinds_of_failure; ++kind) {
        CAPTURE(kind);
        log.before_open = [&] { log.where.fail(kind); };
        CHECK_THROWS_AS((void)log.node_over(copy, log.where.place()), StoreUnavailable);
        log.where.work();
        CHECK_THROWS_AS((void)log.new_node(), StoreUnavailable);
        CHECK(copy->list() == names);
        log.where.work();
    }

    log.before_open = {};
    CHECK(state_of(*log.node_over(copy, log.where.place())) == state_of(*log.node));
}

TEST_CASE("wherever the reading of an archive ends, the copy of a node is kept") {
    Archived<InDirectory> log(4);
    const auto copy = make_memory_device();
    (void)log.node_over(copy, log.where.place());
    for (int i = 0; i < 40; ++i) log.append("more");
    log.archive_all(1);
    const auto before = beginning_of(*copy);

    int reads = 0;
    for (bool begins = false; !begins; ++reads) {
        CAPTURE(reads);
        const auto left = std::make_shared<int>(INT_MAX);
        log.before_open = [&] { *left = reads; };
        try {
            (void)log.node_over(copy, std::make_shared<FailingPlace>(log.where.place(), left));
            begins = true;
        } catch (const StoreUnavailable&) {
            CHECK(beginning_of(*copy).starts_with(before));
        }
    }
    CHECK(reads > 3);
}

TEST_CASE_TEMPLATE("a copy is kept while the archive lacks the segment that it ends with, which the log has not either",
                   Where, InDirectory, InBucket) {
    Archived<Where> log(4);
    const auto copy = make_memory_device();
    (void)log.node_over(copy, log.where.place());
    for (int i = 0; i < 40; ++i) log.append("more");
    log.archive_all(1);
    const auto before = beginning_of(*copy);
    const auto whole = log.where.contents("0000000001.segment");
    const auto check_kept = [&](const std::shared_ptr<ArchivePlace>& place) {
        CHECK_THROWS_WITH_AS((void)log.node_over(copy, place), doctest::Contains("so it is kept"), StorageError);
        CHECK(beginning_of(*copy) == before);
    };

    damage(log.where, "0000000001.segment");
    check_kept(log.where.place());
    log.where.remove("0000000001.segment");
    check_kept(log.where.place());
    const Where empty;
    check_kept(empty.place());

    log.where.set("0000000001.segment", whole);
    CHECK(state_of(*log.node_over(copy, log.where.place())) == state_of(*log.node));
}

TEST_CASE("a copy of what the log does not have any more is fetched anew, also when its archive has not begun") {
    for (const int later : {0, 3}) {
        CAPTURE(later);
        Archived<InDirectory> log(4);
        const auto restored = log.common->commits;
        for (int i = 0; i < 2; ++i) log.append("lost");
        const auto copy = make_memory_device();
        (void)log.node_over(copy, log.where.place());

        log.common->commits = restored;
        log.node = log.new_node();
        for (int i = 0; i < later; ++i) log.append("another " + std::to_string(i));

        CHECK(state_of(*log.node_over(copy, log.where.place())) == state_of(*log.node));
    }
}

}  // namespace foldback::nodes
