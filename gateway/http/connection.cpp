#include "gateway/http/connection.hpp"

#include "gateway/http/reply_slip.hpp"

#include <cstdio>
#include <utility>

namespace ib::http {

namespace {

namespace beast = boost::beast::http;
using failure = boost::system::error_code;

/// How much of the next requests is taken in while one is being answered.
constexpr size_t pipelined_bytes = 16384;

std::string hex(size_t number) {
  char digits[17];
  std::snprintf(digits, sizeof digits, "%zx", number);
  return digits;
}

} // namespace

connection::connection(server_core& core, std::unique_ptr<transport> bytes)
    : core_(core), bytes_(std::move(bytes)), timer_(core.events->context()) {}

void connection::start() {
  core_.open.insert(shared_from_this());
  set_deadline(core_.limit.request);
  bytes_->begin([me = shared_from_this()](const failure& failed, size_t) {
    if (failed || me->phase_ == phase::closed) return me->close();
    me->read_next_request();
  });
}

void connection::close() {
  if (std::exchange(phase_, phase::closed) == phase::closed) return;
  end_stream();
  timer_.cancel();
  bytes_->close();
  core_.open.erase(shared_from_this());
}

void connection::read_next_request() {
  phase_ = phase::reading;
  parser_.emplace();
  parser_->eager(true);
  parser_->header_limit(static_cast<uint32_t>(core_.limit.header_bytes));
  parser_->body_limit(core_.limit.body_bytes);
  set_deadline(pending_.empty() && requests_ > 0 ? core_.limit.idle : core_.limit.request);
  if (pending_.empty())
    keep_reading();
  else
    parse();
}

void connection::keep_reading() {
  if (reading_ || gone_ || phase_ == phase::closed) return;
  reading_ = true;
  bytes_->read(boost::asio::buffer(scratch_), [me = shared_from_this()](const failure& failed, size_t count) {
    me->reading_ = false;
    if (failed || count == 0)
      me->on_gone();
    else
      me->on_read(count);
  });
}

void connection::on_gone() {
  gone_ = true;
  switch (phase_) {
  case phase::beginning:
  case phase::reading:
  case phase::streaming:
  case phase::parked:
  case phase::lingering:
    return close();
  case phase::answering: // it may have closed its half only
  case phase::writing:
  case phase::closed:
    return;
  }
}

void connection::on_read(size_t count) {
  if (phase_ == phase::closed) return;
  if (phase_ == phase::lingering) return keep_reading();
  bool first = pending_.empty();
  pending_.append(scratch_.data(), count);
  if (phase_ == phase::reading) {
    if (first && !parser_->is_header_done()) set_deadline(core_.limit.request);
    return parse();
  }
  if (pending_.size() < pipelined_bytes) keep_reading();
}

void connection::parse() {
  while (!pending_.empty() && !parser_->is_done()) {
    failure failed;
    auto used = parser_->put(boost::asio::buffer(pending_), failed);
    pending_.erase(0, used);
    if (failed == beast::error::need_more) break;
    if (failed == beast::error::header_limit) return refuse(431, "the request's head is too long");
    if (failed == beast::error::body_limit) return refuse(413, "the request's body is too long");
    if (failed) return refuse(400, "this is not HTTP: " + failed.message());
    if (used == 0) break;
  }
  if (parser_->is_done())
    dispatch();
  else
    keep_reading();
}

void connection::dispatch() {
  const auto& message = parser_->get();
  keep_alive_ = message.keep_alive();
  chunked_ = message.version() >= 11;
  request asked;
  asked.method = std::string(message.method_string());
  head_only_ = asked.method == "HEAD";
  for (const auto& field : message)
    asked.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  asked.body = message.body();
  std::string target(message.target());
  if (chunked_ && asked.header("host") == nullptr) return refuse(400, "the Host header is missing");
  phase_ = phase::answering;
  set_deadline(core_.limit.answer);
  ++requests_;
  keep_reading();
  auto slip = std::make_shared<reply_slip>(core_.events, weak_from_this(), requests_);
  if (auto read = read_target(target, asked); !read) return slip->answer(plain(400, read.error().message));
  core_.routes.route(asked, slip);
}

/// Answers what is no request; there is no telling where the next one would begin.
void connection::refuse(int status, std::string_view words) {
  keep_alive_ = false;
  head_only_ = false;
  ++requests_;
  write_answer(plain(status, words));
}

void connection::take_answer(uint64_t to, response whole) {
  if (phase_ == phase::answering && to == requests_) write_answer(whole);
}

void connection::take_stream(uint64_t to, response head, std::unique_ptr<body_source> body) {
  if (phase_ != phase::answering || to != requests_) return;
  if (core_.streams >= core_.limit.streams) {
    auto busy = plain(503, "too many streams are open; try again later");
    busy.headers.emplace_back("Retry-After", "5");
    return write_answer(busy);
  }
  begin_stream(head, std::move(body));
}

void connection::write_answer(const response& whole) {
  phase_ = phase::writing;
  auto length = "Content-Length: " + std::to_string(whole.body.size()) + "\r\n";
  auto text = head_text(whole, length, keep_alive_ && !gone_);
  if (!head_only_) text += whole.body;
  write(std::move(text));
}

void connection::begin_stream(const response& head, std::unique_ptr<body_source> body) {
  if (gone_) return close();
  if (!chunked_) keep_alive_ = false;
  auto text = head_text(head, chunked_ ? "Transfer-Encoding: chunked\r\n" : "", keep_alive_);
  if (head_only_) {
    phase_ = phase::writing;
    return write(std::move(text));
  }
  ++core_.streams;
  body_ = std::move(body);
  waker_ = std::make_shared<stream_waker>(core_.events, weak_from_this());
  phase_ = phase::streaming;
  write(std::move(text));
}

void connection::end_stream() {
  if (!body_) return;
  --core_.streams;
  body_.reset();
  waker_.reset();
}

void connection::write(std::string text) {
  out_ = std::move(text);
  set_deadline(core_.limit.write);
  bytes_->write(boost::asio::buffer(out_), [me = shared_from_this()](const failure& failed, size_t) {
    if (failed || me->phase_ == phase::closed) return me->close();
    me->written();
  });
}

void connection::written() {
  if (phase_ == phase::streaming)
    pump();
  else
    answered();
}

void connection::pump() {
  for (;;) {
    std::string piece;
    switch (body_->next(piece)) {
    case pulled::piece:
      if (piece.empty()) continue; // an empty chunk would be the end
      return write(framed(std::move(piece)));
    case pulled::end:
      end_stream();
      phase_ = phase::writing;
      if (chunked_) return write("0\r\n\r\n");
      return answered();
    case pulled::cut:
      return close();
    case pulled::nothing:
      break;
    }
    // However long it takes: the client waits for us.
    timer_.expires_at(std::chrono::steady_clock::time_point::max());
    phase_ = phase::parked;
    if (body_->park(waker_)) return;
    phase_ = phase::streaming;
  }
}

void connection::woken() {
  if (phase_ != phase::parked) return;
  phase_ = phase::streaming;
  pump();
}

std::string connection::framed(std::string piece) const {
  if (!chunked_) return piece;
  return hex(piece.size()) + "\r\n" + piece + "\r\n";
}

void connection::answered() {
  if (gone_) return close();
  if (keep_alive_) return read_next_request();
  linger();
}

/// Closing with bytes unread would make the client lose the answer: they are read and dropped for a while.
void connection::linger() {
  phase_ = phase::lingering;
  pending_.clear();
  set_deadline(core_.limit.linger);
  bytes_->finish([me = shared_from_this()](const failure& failed, size_t) {
    if (failed) me->close();
  });
  keep_reading();
}

void connection::set_deadline(std::chrono::milliseconds after) {
  timer_.expires_after(after);
  timer_.async_wait([weak = weak_from_this()](const failure& failed) {
    auto me = weak.lock();
    if (!failed && me && me->timer_.expiry() <= std::chrono::steady_clock::now()) me->on_deadline();
  });
}

void connection::on_deadline() {
  if (phase_ != phase::answering) return close();
  auto late = requests_;
  keep_alive_ = false;
  take_answer(late, plain(503, "the answer took too long"));
}

} // namespace ib::http
