#include "foldback/app/database.hpp"

#include "app/connection.hpp"
#include "app/page_cache.hpp"

namespace foldback {
namespace {

/// Sets a connection back at the end of a scope.
struct Restore {
    app::Connection& connection;
    const char* pragma;

    ~Restore() {
        try {
            connection.control(pragma);
        } catch (const DatabaseError&) {
            // It stays more careful than it should be: it refuses to write, or is slower.
        }
    }
};

}  // namespace

void tune_sqlite() noexcept {
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    if (const auto* methods = app::page_cache_methods()) (void)sqlite3_config(SQLITE_CONFIG_PCACHE2, methods);
}

Database::Impl::Impl(std::filesystem::path path, DatabaseOptions with)
    : file(std::move(path)), options(with), writer(file, app::Connection::Role::writer, options) {}

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Database::~Database() = default;

std::shared_ptr<Database> Database::open(const std::filesystem::path& file, DatabaseOptions options) {
    if (file.empty()) throw std::invalid_argument("a database needs the name of a file");
    return std::shared_ptr<Database>(new Database(std::make_unique<Impl>(file, options)));
}

std::shared_ptr<Database> Database::in_memory(DatabaseOptions options) {
    return std::shared_ptr<Database>(new Database(std::make_unique<Impl>(std::filesystem::path(), options)));
}

const std::filesystem::path& Database::file() const noexcept { return impl_->file; }

void Database::write(const std::function<void(ReadModel&)>& work) {
    const std::lock_guard lock(impl_->writing);
    impl_->write(work);
}

void Database::Impl::write(const std::function<void(ReadModel&)>& work) {
    app::Transaction transaction(writer);
    work(writer);
    transaction.commit();
}

void Database::Impl::write_durably(const std::function<void(ReadModel&)>& work) {
    const std::lock_guard lock(writing);
    if (options.durable) return write(work);
    writer.control("PRAGMA synchronous = FULL");
    const Restore restore{writer, "PRAGMA synchronous = NORMAL"};
    write(work);
}

void Database::read(const std::function<void(ReadModel&)>& work) {
    if (impl_->file.empty()) {
        const std::lock_guard lock(impl_->writing);
        impl_->writer.control("PRAGMA query_only = 1");
        const Restore restore{impl_->writer, "PRAGMA query_only = 0"};
        work(impl_->writer);
        return;
    }
    std::unique_ptr<app::Connection> reader;
    {
        const std::lock_guard lock(impl_->pooling);
        if (!impl_->idle_readers.empty()) {
            reader = std::move(impl_->idle_readers.back());
            impl_->idle_readers.pop_back();
        }
    }
    if (!reader) reader = std::make_unique<app::Connection>(impl_->file, app::Connection::Role::reader, impl_->options);
    {
        app::Transaction transaction(*reader);
        work(*reader);
    }
    const std::lock_guard lock(impl_->pooling);
    if (impl_->idle_readers.size() < impl_->options.max_idle_readers) impl_->idle_readers.push_back(std::move(reader));
}

}  // namespace foldback
