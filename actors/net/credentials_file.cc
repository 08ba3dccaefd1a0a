#include "actors/net/credentials_file.h"

#include <cerrno>
#include <fstream>
#include <sstream>
#include <string_view>

namespace meseta::net {
namespace {

constexpr std::string_view kFileScheme = "file://";

std::string PathOf(const std::string& path) {
  return path.rfind(kFileScheme, 0) == 0 ? path.substr(kFileScheme.size()) : path;
}

Result<std::string> ReadFile(const std::string& path, const std::string& context) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) return ErrnoStatus(errno == 0 ? ENOENT : errno, context);
  std::string text(kMaxCredentialsBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || (!in.eof() && in.fail())) return ErrnoStatus(EIO, context);
  text.resize(static_cast<size_t>(in.gcount()));
  if (text.size() > kMaxCredentialsBytes) return InvalidArgument(context + ": the file is too long");
  return text;
}

}  // namespace

Result<Credentials> ReadCredentialsFile(const std::string& path) {
  const std::string context = "Cannot use the credentials file '" + PathOf(path) + "'";
  ASSIGN_OR_RETURN(const std::string text, ReadFile(PathOf(path), context));
  auto parsed = Credentials::Parse(text);
  if (!parsed.ok()) return parsed.status().WithContext(context);
  return parsed;
}

Result<Credential> ReadCredentialFile(const std::string& path) {
  const std::string context = "Cannot use the credential file '" + PathOf(path) + "'";
  ASSIGN_OR_RETURN(const std::string text, ReadFile(PathOf(path), context));
  auto parsed = ParseCredential(text);
  if (!parsed.ok()) return parsed.status().WithContext(context);
  return parsed;
}

}  // namespace meseta::net
