#pragma once

#include "tools/imgctl/outcome.hpp"
#include "tools/imgctl/output.hpp"

namespace ib::imgctl {

/// The process's own standard output and error, unbuffered.
class standard_sink final : public sink {
public:
  void out(std::string_view bytes) override;
  void err(std::string_view bytes) override;

  /// Where standard output could not take everything: says why on standard error and returns 1, else
  /// `status`.
  int close(int status);

private:
  int fault_ = 0; ///< errno of the first failed write to standard output
};

/// Prints "imgctl: <message>" to standard error and returns the exit status.
int report(const failure& why);

} // namespace ib::imgctl
