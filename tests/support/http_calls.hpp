#pragma once

#include "actors/io/http_client.hpp"

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>

namespace ib::test {

/// Calls something that answers by a callback and waits for the answer; fails the test where none comes.
template <class T>
result<T> answer_of(const std::function<void(std::function<void(result<T>)>)>& call) {
  auto promise = std::make_shared<std::promise<result<T>>>();
  auto answer = promise->get_future();
  call([promise](result<T> value) { promise->set_value(std::move(value)); });
  if (answer.wait_for(std::chrono::seconds(60)) != std::future_status::ready)
    throw std::runtime_error("no answer within 60 s");
  return answer.get();
}

inline result<io::http_response> send_and_wait(io::http_client& client, io::http_request request) {
  return answer_of<io::http_response>([&](auto done) { client.send(std::move(request), std::move(done)); });
}

} // namespace ib::test
