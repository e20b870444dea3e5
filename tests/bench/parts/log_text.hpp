#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ib::bench {

/// Numbers that are the same on every machine (splitmix64).
class seeded {
public:
  explicit seeded(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    state_ += 0x9E3779B97F4A7C15;
    auto z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  uint64_t below(uint64_t limit) { return next() % limit; }

private:
  uint64_t state_;
};

/// Text as builds print it: package managers, compilers, progress bars, stack traces; at least `bytes` of it.
std::string log_text(size_t bytes, uint64_t seed = 1);

/// Secrets as requests bring them: passwords, tokens, base64 of both; none of them is in log_text().
std::vector<std::string> secrets(size_t count, uint64_t seed = 2);

/// The text with one of the secrets put in every `every` bytes.
std::string with_secrets(const std::string& text, const std::vector<std::string>& secrets, size_t every);

} // namespace ib::bench
