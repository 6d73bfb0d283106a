#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>

#include <boost/describe/class.hpp>

#include "foldback/core/codec.hpp"
#include "subscriptions/signing_keys.hpp"

/// The keys of a server on disk: one small JSON document that is replaced as a whole.
namespace foldback::server::subscriptions {

struct StoredRetired {
    std::string seed;
    Timestamp since;
};
BOOST_DESCRIBE_STRUCT(StoredRetired, (), (seed, since))

struct StoredKeys {
    unsigned version = 1;
    std::string active;  ///< seeds are in hexadecimal
    std::vector<StoredRetired> retired;
    std::string tokens;
};
BOOST_DESCRIBE_STRUCT(StoredKeys, (), (version, active, retired, tokens))

namespace {

namespace fs = std::filesystem;

constexpr mode_t only_owner = 0600;

[[noreturn]] void fail(const fs::path& file, const std::string& why) {
    throw std::runtime_error("the keys in " + file.string() + ": " + why);
}

[[noreturn]] void fail_with_errno(const fs::path& file, const char* what) {
    fail(file, std::string(what) + ": " + std::generic_category().message(errno));
}

/// A file descriptor, closed at the end.
class Descriptor {
public:
    explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    [[nodiscard]] int get() const noexcept { return descriptor_; }

private:
    int descriptor_;
};

std::string hex_of(const Secret& secret) {
    return to_hex({reinterpret_cast<const char*>(secret.data()), secret.size()});
}

Secret secret_of(const fs::path& file, const std::string& hex) {
    const auto value = [&](char digit) {
        if (digit >= '0' && digit <= '9') return digit - '0';
        if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
        fail(file, "a key is malformed");
    };
    Secret secret;
    if (hex.size() != 2 * secret.size()) fail(file, "a key is malformed");
    for (std::size_t i = 0; i < secret.size(); ++i) {
        secret[i] = static_cast<unsigned char>(value(hex[2 * i]) * 16 + value(hex[2 * i + 1]));
    }
    return secret;
}

void write_all(int descriptor, std::string_view text, const fs::path& file) {
    while (!text.empty()) {
        const auto written = ::write(descriptor, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) fail_with_errno(file, "writing failed");
        text.remove_prefix(static_cast<std::size_t>(written));
    }
}

/// One process writes here: the one that holds the store's lock.
void save(const fs::path& file, const Keys& keys) {
    StoredKeys stored{.active = hex_of(keys.active.seed()), .tokens = hex_of(keys.tokens)};
    for (const auto& [key, since] : keys.retired) stored.retired.push_back({hex_of(key.seed()), since});
    std::string text;
    JsonWriter writer(text);
    write_json(writer, stored);
    text.push_back('\n');

    auto temporary = file;
    temporary += ".new";
    ::unlink(temporary.c_str());  // of a process that ended while it wrote
    {
        const Descriptor out(
            ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, only_owner));
        if (out.get() < 0) fail_with_errno(file, "creating failed");
        write_all(out.get(), text, file);
        if (::fsync(out.get()) != 0) fail_with_errno(file, "flushing failed");
    }
    if (::rename(temporary.c_str(), file.c_str()) != 0) fail_with_errno(file, "renaming failed");
    const Descriptor directory(::open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory.get() < 0 || ::fsync(directory.get()) != 0) fail_with_errno(file, "flushing its directory failed");
}

Keys read(const fs::path& file) {
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0) fail_with_errno(file, "looking at it failed");
    if ((status.st_mode & 077) != 0) fail(file, "others can read it; make it yours alone: chmod 600");
    std::ifstream in(file, std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(in), {});
    if (!in) fail(file, "reading failed");
    StoredKeys stored;
    try {
        JsonReader reader(text);
        read_json(reader, stored);
        reader.expect_end();
    } catch (const JsonError& error) {
        fail(file, error.what());
    }
    if (stored.version != 1) fail(file, "a newer version of this program wrote it");
    Keys keys{.active = SigningKey(secret_of(file, stored.active)), .tokens = secret_of(file, stored.tokens)};
    for (const auto& [seed, since] : stored.retired) {
        keys.retired.push_back({SigningKey(secret_of(file, seed)), since});
    }
    return keys;
}

}  // namespace

Keys load_keys(const fs::path& file, Rotation rotation, Timestamp now) {
    if (!fs::exists(file)) {
        auto keys = Keys::generate();
        save(file, keys);
        return keys;
    }
    auto keys = read(file);
    if (rotation == Rotation::keep) return keys;
    keys.retired.push_back({keys.active, now});
    std::erase_if(keys.retired, [now](const auto& retired) { return now >= retired.since + publish_retired_for; });
    keys.active = SigningKey(random_secret());
    save(file, keys);
    return keys;
}

}  // namespace foldback::server::subscriptions
