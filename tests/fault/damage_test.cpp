#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "fault/story.hpp"
#include "support/environment.hpp"
#include "support/temporary_directory.hpp"

/// Damaged files: flipped bits and cut ends. A store yields what was written, or says that it cannot.
namespace foldback::fault {
namespace {

using Work = LogStore::Work;

void tell_a_little(Teller& teller) {
    teller.create({.stream = "a", .config = {.content_type = "application/json"}});
    teller.create({.stream = "bytes", .initial = Messages::bytes(teller.text(500))});
    for (std::uint64_t i = 0; i < 14; ++i) {
        teller.append({.stream = "a", .messages = teller.json(3, 150), .producer = Producer{"p", 0, i}});
        if (i == 6) teller.create({.stream = "fork", .config = {.content_type = {}}, .fork = ForkFrom{.source = "a"}});
        if (i == 8) teller.append({.stream = "fork", .messages = teller.json(1, 30), .close = true});
        if (i % 5 == 4) teller.work(Work::checkpoint);
    }
}

/// The files of a store that was closed, and what it held after each acknowledgement.
struct Sound {
    std::unique_ptr<Story> story = tell(1, small_store(12 << 10), tell_a_little);
    Image image;

    Sound() {
        Disk disk;
        for (const auto& operation : story->disk_operations) disk.apply(operation);
        Random random(1);
        image = disk.after(Loss::none, random);
    }

    [[nodiscard]] std::vector<std::string> files() const {
        std::vector<std::string> names;
        for (const auto& [path, contents] : image) {
            const bool matters = !path.ends_with('/') && !path.ends_with("LOCK") && !path.ends_with("-shm");
            if (matters && !contents.empty()) names.push_back(path);
        }
        return names;
    }
};

struct Findings {
    std::uint64_t tried = 0;
    std::uint64_t refused = 0;  ///< the store said that something is damaged, when it was opened or read
    std::uint64_t rebuilt = 0;
    std::uint64_t shortened = 0;  ///< it has less than it had, and says so
};

/// Opens a store on the image: it must hold everything, or say that something is wrong.
void open_damaged(Story& story, const std::filesystem::path& directory, const Image& image, Random& random,
                  Findings& findings) {
    ++findings.tried;
    put(image, directory);
    OpenReport report;
    std::unique_ptr<LogStore> store;
    try {
        store = LogStore::open(directory / store_name, story.options, &report);
        findings.rebuilt += report.index_rebuilt ? 1 : 0;
        model::compare_all(*store, story.moments.back().model, random);
    } catch (const StorageError& error) {
        REQUIRE(!std::string(error.what()).empty());
        ++findings.refused;
    } catch (const model::Mismatch& mismatch) {
        if (!report.index_rebuilt && report.torn_bytes == 0) throw;
        const auto holds = [&](const Moment& moment) {
            try {
                model::compare_all(*store, moment.model, random);
                return true;
            } catch (const model::Mismatch&) {
                return false;
            }
        };
        if (std::none_of(story.moments.rbegin(), story.moments.rend(), holds)) throw;
        ++findings.shortened;
    }
}

/// `what` was done to each of them.
void report(const Findings& findings, const char* what) {
    MESSAGE(findings.tried, " ", std::string(what), " of stores, ", findings.refused, " refused or refusing, ",
            findings.rebuilt, " indexes rebuilt, ", findings.shortened, " shortened and said so");
}

/// Throws what is wrong with an open store, other than that it says so.
void read_everything(LogStore& store, const model::Model& model, Random& random) {
    try {
        model::compare_all(store, model, random);
    } catch (const StorageError&) {
        // That is what it should say.
    }
}

}  // namespace

TEST_CASE("no flipped bit of a closed store yields wrong data when it is opened") {
    const Sound sound;
    const test::TemporaryDirectory directory(fast_directory());
    const auto flips = 300 * test::number_from("FOLDBACK_ROUNDS", 1);
    Random random(1);
    Findings findings;
    for (const auto& file : sound.files()) {
        const auto size = std::min<std::size_t>(sound.image.at(file).size(), 64 << 10);
        for (std::uint64_t i = 0; i < std::min<std::uint64_t>(flips, size * 8); ++i) {
            auto damaged = sound.image;
            const auto bit = flips >= size * 8 ? i : random() % (size * 8);
            damaged[file][bit / 8] = static_cast<char>(damaged[file][bit / 8] ^ (1 << bit % 8));
            INFO(file, ", bit ", bit);
            try {
                open_damaged(*sound.story, directory.path(), damaged, random, findings);
            } catch (const std::exception& error) {
                FAIL(file, ", bit ", bit, ": ", std::string(error.what()));
            }
        }
    }
    report(findings, "flipped bits");
    CHECK(findings.refused > 0);
}

TEST_CASE("a file of a closed store may be cut anywhere") {
    const Sound sound;
    const test::TemporaryDirectory directory(fast_directory());
    const auto cuts = 100 * test::number_from("FOLDBACK_ROUNDS", 1);
    Random random(1);
    Findings findings;
    for (const auto& file : sound.files()) {
        const auto size = sound.image.at(file).size();
        for (std::uint64_t i = 0; i <= std::min<std::uint64_t>(cuts, size); ++i) {
            auto damaged = sound.image;
            const auto cut = cuts >= size ? i : i == 0 ? 0 : random() % size;
            damaged[file].resize(cut);
            try {
                open_damaged(*sound.story, directory.path(), damaged, random, findings);
            } catch (const std::exception& error) {
                FAIL(file, ", cut to ", cut, ": ", std::string(error.what()));
            }
        }
    }
    report(findings, "cuts");
    CHECK(findings.refused > 0);
}

TEST_CASE("a file of a closed store may be missing") {
    const Sound sound;
    std::string last_segment;
    for (const auto& file : sound.files()) {
        if (file.ends_with(".segment")) last_segment = file;
    }
    const test::TemporaryDirectory directory(fast_directory());
    Random random(1);
    for (const auto& file : sound.files()) {
        auto damaged = sound.image;
        damaged.erase(file);
        Findings findings;
        try {
            open_damaged(*sound.story, directory.path(), damaged, random, findings);
        } catch (const std::exception& error) {
            FAIL(file, ": ", std::string(error.what()));
        }
        // A log ends where its last segment is missing; only the index tells that there was more.
        const bool is_last = file == last_segment;
        const bool is_truth = file.ends_with(".segment") && !is_last;
        CHECK_MESSAGE(findings.refused == (is_truth ? 1 : 0), file);
        CHECK_MESSAGE(findings.shortened == (is_last ? 1 : 0), file);
    }
}

TEST_CASE("no flipped bit of an open store yields wrong data") {
    const Sound sound;
    const test::TemporaryDirectory directory(fast_directory());
    put(sound.image, directory.path());
    const auto store = LogStore::open(directory.path() / store_name, sound.story->options);
    const auto& model = sound.story->moments.back().model;
    Random random(1);
    std::uint64_t flipped = 0;
    for (const auto& file : sound.files()) {
        if (!file.ends_with(".segment")) continue;
        const int descriptor = ::open((directory.path() / file).c_str(), O_RDWR | O_CLOEXEC);
        REQUIRE(descriptor >= 0);
        const auto& contents = sound.image.at(file);
        const auto used = contents.find_last_not_of('\0') + 1;
        for (std::size_t byte = 4096; byte < used; byte += 1 + random() % 4) {
            const char wrong = static_cast<char>(contents[byte] ^ (1 << random() % 8));
            REQUIRE(::pwrite(descriptor, &wrong, 1, static_cast<off_t>(byte)) == 1);
            try {
                read_everything(*store, model, random);
            } catch (const std::exception& error) {
                FAIL(file, ", byte ", byte, ": ", std::string(error.what()));
            }
            REQUIRE(::pwrite(descriptor, &contents[byte], 1, static_cast<off_t>(byte)) == 1);
            ++flipped;
        }
        ::close(descriptor);
    }
    MESSAGE(flipped, " flipped bits of an open store");
    CHECK_NOTHROW(model::compare_all(*store, model, random));
}

}  // namespace foldback::fault
