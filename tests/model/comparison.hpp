#pragma once

#include <stdexcept>
#include <string>

#include "foldback/store/log_store.hpp"
#include "model/model.hpp"
#include "model/operations.hpp"

namespace foldback::model {

/// The store is not what the model says.
class Mismatch : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

inline void require(bool holds, const std::string& what) {
    if (!holds) throw Mismatch(what);
}

/// An outcome of the store against the model's, field by field. Throws Mismatch.
void compare(const Result<Created>& actual, const Result<Created>& expected);
void compare(const Result<Appended>& actual, const Result<Appended>& expected);
void compare(const Result<std::vector<Appended>>& actual, const Result<std::vector<Appended>>& expected);
void compare(const Result<std::monostate>& actual, const Result<std::monostate>& expected);
void compare(const Result<Offset>& actual, const Result<Offset>& expected);

/// Does in the model what the store did, and compares the outcomes.
void apply_and_compare(const Outcome& actual, Model& model, const Operation& operation);

/// Reads of any kind that renew nothing. A StorageError passes through.
void compare_read(LogStore& store, const Model& model, const std::string& path, Random& random);
/// The head of a path, whether or not there is a stream.
void compare_head(LogStore& store, const Model& model, const std::string& path);
/// The whole feed of a prefix, in pages of any size.
void compare_feed(LogStore& store, const Model& model, const std::string& prefix, Random& random);
void compare_list(LogStore& store, const Model& model, const std::string& prefix, Random& random);

/// Everything that can be seen of the store. Changes nothing and renews nothing.
void compare_all(LogStore& store, const Model& model, Random& random);
/// What the store remembers of producers and of Stream-Seq, asked by repeating what it accepted last: it must be known as
/// such, and so changes nothing. Streams that live by being used are left alone.
void compare_memory(LogStore& store, const Model& model);

}  // namespace foldback::model
