#include "gateway/ready_answers.hpp"

#include "gateway/wire.hpp"

#include <string_view>
#include <utility>

namespace ib {

namespace {

/// Who sends many different ones must not fill the memory: of each stripe.
constexpr size_t most_requests = 64;
constexpr size_t longest_request = 4096;

} // namespace

std::optional<ready_answers::entry> ready_answers::find(const grpc::ByteBuffer& request) const {
  auto kept = pages_.mine().load();
  if (!kept || kept->version != board_->version()) return std::nullopt;
  const auto whole = flatten(request);
  auto found = kept->by_request.find(bytes_of(whole));
  return found == kept->by_request.end() ? std::nullopt : std::optional(found->second);
}

void ready_answers::keep(const grpc::ByteBuffer& request, uint64_t version, entry answer) {
  if (request.Length() > longest_request) return;
  auto& slot = pages_.mine();
  auto kept = slot.load();
  const bool goes_on = kept && kept->version == version && kept->by_request.size() < most_requests;
  auto next = goes_on ? std::make_shared<page>(*kept) : std::make_shared<page>();
  next->version = version;
  const auto whole = flatten(request);
  next->by_request.insert_or_assign(std::string(bytes_of(whole)), std::move(answer));
  slot.exchange(std::move(next)); // of two at once one is kept, and the other the next time
}

} // namespace ib
