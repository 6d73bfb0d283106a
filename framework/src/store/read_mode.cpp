#include "foldback/store/read_mode.hpp"

namespace foldback {
namespace {

thread_local auto mode_of_this_thread = ReadMode::may_wait;

}  // namespace

ReadMode::ReadMode(Mode mode) noexcept : outer_(mode_of_this_thread) { mode_of_this_thread = mode; }
ReadMode::~ReadMode() { mode_of_this_thread = outer_; }
ReadMode::Mode ReadMode::current() noexcept { return mode_of_this_thread; }

}  // namespace foldback
