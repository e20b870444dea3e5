#pragma once

/// Texts that ws-manager, the builder image and the workspaces' supervisors know (spec: engines.md, "wsman").
namespace ib::wsman_names {

inline constexpr const char* server = "ws-manager"; ///< what its certificate is for
inline constexpr const char* manager = "image-builder";
inline constexpr const char* managed_by = "managed-by";
inline constexpr const char* workspace_ref = "ref";
inline constexpr const char* base_ref = "baseref";
inline constexpr const char* owner_token_header = "x-gitpod-owner-token";
/// The domain under which the builder image looks for the password of every ECR registry.
inline constexpr const char* any_ecr_domain = "000000000000.dkr.ecr.dummy-host-zone.amazonaws.com";

} // namespace ib::wsman_names
