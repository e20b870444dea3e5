#pragma once

#include "actors/io/http_transfer.hpp"

#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace ib::io {

/// Which requests of a client may be under way: so many per host and so many in all. The others wait here,
/// those of one host in the order they came, hosts in turns, so that whoever answers nothing keeps nobody
/// from another. Used on the client's thread alone.
class http_queue {
public:
  using clock = http_transfer::clock;
  using item = std::unique_ptr<http_transfer>;

  explicit http_queue(http_client_limits limits) : limits_(limits) {}

  /// True where a request of that host may start at once; it is then under way.
  bool enter(const std::string& host);
  /// One that was under way is over.
  void leave(const std::string& host);
  /// Behind the others of its host.
  void add(item transfer);
  /// The next one whose turn it is, which is then under way; null where there is none.
  item next();
  /// Takes one out that waits; null where it does not.
  item take(uint64_t id);
  /// Takes those out that have waited for as long as they may.
  std::vector<item> take_late(clock::time_point now);
  std::vector<item> take_all() { return take_late(clock::time_point::max()); }
  /// When the first of those that wait will have waited too long.
  std::optional<clock::time_point> first_deadline() const;

private:
  struct lane {
    std::string host;
    size_t under_way = 0;
    std::list<item> waiting;
    std::list<lane*>::iterator turn; ///< where somebody waits
  };
  struct place {
    lane* where;
    std::list<item>::iterator what;
  };

  bool may_start(const lane& one) const {
    return one.under_way < limits_.requests_per_host && under_way_ < limits_.requests;
  }
  lane& lane_of(const std::string& host);
  void start_one(lane& mine);
  item take_out(place from);
  void forget_if_idle(lane& one);

  http_client_limits limits_;
  size_t under_way_ = 0;
  std::unordered_map<std::string, lane> lanes_;
  std::list<lane*> turns_; ///< of hosts for which somebody waits
  std::unordered_map<uint64_t, place> places_;
  std::set<std::pair<clock::time_point, uint64_t>> deadlines_;
};

} // namespace ib::io
