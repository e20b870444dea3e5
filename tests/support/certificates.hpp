#pragma once

#include <filesystem>
#include <string>

namespace ib::test {

/// Makes a self-signed certificate, which is its own CA, for `alt_name` ("IP:127.0.0.1", "DNS:a.test") and
/// its RSA key, both PEM.
void make_certificate(const std::string& alt_name, const std::filesystem::path& key_file,
                      const std::filesystem::path& certificate_file);

/// Dates such a certificate back, so that it is over.
void expire_certificate(const std::filesystem::path& key_file, const std::filesystem::path& certificate_file);

} // namespace ib::test
