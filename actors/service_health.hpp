#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace ib {

/// Why the service is not ready for builds: named reasons, set and cleared by whoever knows. Ready where
/// there is none. Any thread; a reader takes an immutable snapshot, nobody waits for anybody.
class service_health {
public:
  using reasons = std::map<std::string, std::string>; ///< who is not ready, and why

  /// `changed` is called after every change, on the thread that made it; it must not block.
  explicit service_health(std::function<void()> changed = {});

  /// "journal", "the journal is restarting: …". Said again, the newest words hold.
  void not_ready(const std::string& who, const std::string& why);
  void ready(const std::string& who);

  std::shared_ptr<const reasons> read() const { return reasons_.load(); }
  bool is_ready() const { return read()->empty(); }

private:
  template <class Change>
  void change(Change apply);

  std::atomic<std::shared_ptr<const reasons>> reasons_;
  std::function<void()> changed_;
};

/// The names of what is not an actor: those are named as in names.hpp.
namespace health_names {
inline constexpr const char* recovery = "recovery";
inline constexpr const char* shutdown = "shutdown";
inline constexpr const char* storage = "storage";
inline constexpr const char* build_tools = "build tools";
inline constexpr const char* ws_manager = "ws-manager";
} // namespace health_names

} // namespace ib
