#include "actors/domain/image_hash.hpp"

#include "actors/domain/sha256.hpp"

#include <algorithm>

// The hash of sources that have no legacy hash (all initializers but a plain git one), version 1. Images are
// stored under it: a change of this form needs a new version line.
//
//   input       = "image-builder source hash v1\n" text(dockerfile_version) text(dockerfile_path)
//                 text(context_path) initializer
//   initializer = "empty\n"
//               | "git\n" git
//               | "download\n" text(target_location) count { text(url) text(file_path) text(digest) }
//               | "prebuild\n" count { git }
//               | "composite\n" count { initializer }
//   git         = text(remote_uri) text(upstream_remote_uri) mode text(clone_target) text(checkout_location)
//                 ("full\n" | "shallow\n") count { text(config key) text(config value) }
//   mode        = "remote_head\n" | "remote_commit\n" | "remote_branch\n" | "local_branch\n"
//   text(s)     = decimal length of s in bytes, ":", s, "\n"
//   count       = decimal number of the items that follow, "\n"
//
// Config entries are in the byte order of their keys. Lengths and counts make the form unambiguous, the first
// line differs from the "CloneTarget: " with which every legacy input begins, and a composite of one part is
// not its part. Credentials are no part of what is built: `git_auth` stays out, and so does configuration
// that is_credential_config() names.

namespace ib {

namespace {

void add_text(std::string& out, std::string_view text) {
  out += std::to_string(text.size());
  out += ':';
  out += text;
  out += '\n';
}

void add_count(std::string& out, size_t count) {
  out += std::to_string(count);
  out += '\n';
}

std::string_view mode_line(clone_target_mode mode) {
  switch (mode) {
  case clone_target_mode::remote_head:
    return "remote_head\n";
  case clone_target_mode::remote_commit:
    return "remote_commit\n";
  case clone_target_mode::remote_branch:
    return "remote_branch\n";
  case clone_target_mode::local_branch:
    return "local_branch\n";
  }
  return "remote_head\n";
}

void add_config(std::string& out, const std::map<std::string, std::string>& config) {
  const auto is_hashed = [](const auto& entry) { return !is_credential_config(entry.first); };
  add_count(out, static_cast<size_t>(std::count_if(config.begin(), config.end(), is_hashed)));
  for (const auto& entry : config) {
    if (!is_hashed(entry)) continue;
    add_text(out, entry.first);
    add_text(out, entry.second);
  }
}

void add_git(std::string& out, const git_initializer& git) {
  add_text(out, git.remote_uri);
  add_text(out, git.upstream_remote_uri);
  out += mode_line(git.target_mode);
  add_text(out, git.clone_target);
  add_text(out, git.checkout_location);
  out += git.full_clone ? "full\n" : "shallow\n";
  add_config(out, git.config);
}

/// Appends the canonical form of an initializer; one overload for each alternative.
struct canonical_writer {
  std::string& out;

  void operator()(const empty_initializer&) const { out += "empty\n"; }

  void operator()(const git_initializer& git) const {
    out += "git\n";
    add_git(out, git);
  }

  void operator()(const download_initializer& download) const {
    out += "download\n";
    add_text(out, download.target_location);
    add_count(out, download.files.size());
    for (const auto& file : download.files) {
      add_text(out, file.url);
      add_text(out, file.file_path);
      add_text(out, file.digest);
    }
  }

  void operator()(const prebuild_initializer& prebuild) const {
    out += "prebuild\n";
    add_count(out, prebuild.git.size());
    for (const auto& git : prebuild.git)
      add_git(out, git);
  }

  void operator()(const composite_initializer& composite) const {
    out += "composite\n";
    add_count(out, composite.parts.size());
    for (const auto& part : composite.parts)
      std::visit(*this, part.spec);
  }
};

std::string canonical_form(const dockerfile_source& source) {
  std::string out = "image-builder source hash v1\n";
  add_text(out, source.dockerfile_version);
  add_text(out, source.dockerfile_path);
  add_text(out, source.context_path);
  std::visit(canonical_writer{out}, source.source.spec);
  return out;
}

void add_line(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  out += '\n';
}

/// M of images.md, "The two hashes".
std::string legacy_manifest(const git_initializer& git, const dockerfile_source& source) {
  std::string out;
  add_line(out, "CloneTarget", git.clone_target);
  add_line(out, "ContextPath", source.context_path);
  add_line(out, "DockerfilePath", source.dockerfile_path);
  add_line(out, "DockerfileVersion", source.dockerfile_version);
  add_line(out, "RemoteURI", git.remote_uri);
  add_line(out, "Source", "git");
  out += '\n';
  return out;
}

std::string joined(std::string_view repository, const std::string& tag) {
  return std::string(repository) + ':' + tag;
}

} // namespace

std::string workspace_hash(std::string_view base_ref) { return sha256_hex(std::string(base_ref) + "\n2\n"); }

std::string workspace_reference(std::string_view workspace_repository, std::string_view base_ref) {
  return joined(workspace_repository, workspace_hash(base_ref));
}

std::string base_hash(const dockerfile_source& source) {
  if (const auto* git = std::get_if<git_initializer>(&source.source.spec)) {
    return sha256_hex(legacy_manifest(*git, source));
  }
  return sha256_hex(canonical_form(source));
}

std::string base_reference(std::string_view base_repository, const dockerfile_source& source) {
  return joined(base_repository, base_hash(source));
}

} // namespace ib
