#include "agent/fetcher/download_curl.h"

#include <curl/curl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

namespace meseta::agent {
namespace {

constexpr long kMaxRedirections = 10;

struct Target {
  int fd = -1;
  int error = 0;  // errno of the write that failed.
};

size_t Write(char* data, size_t size, size_t count, void* user) {
  auto* target = static_cast<Target*>(user);
  const size_t total = size * count;
  for (size_t done = 0; done < total;) {
    const ssize_t written = write(target->fd, data + done, total - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      target->error = errno;
      return 0;
    }
    done += static_cast<size_t>(written);
  }
  return total;
}

void SetOptions(CURL* curl, const std::string& url, Target* target, long stall_seconds) {
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, kMaxRedirections);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, stall_seconds);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, stall_seconds);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &Write);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, target);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "meseta-fetcher");
}

}  // namespace

Status Download(const std::string& url, int fd, Duration stall_timeout) {
  const std::unique_ptr<CURL, void (*)(CURL*)> curl(curl_easy_init(), &curl_easy_cleanup);
  if (curl == nullptr) return Internal("Error downloading resource: libcurl cannot be initialised");
  const long stall_seconds = std::max<long>(1, static_cast<long>(stall_timeout.seconds()));
  Target target{fd, 0};
  char detail[CURL_ERROR_SIZE] = {};
  SetOptions(curl.get(), url, &target, stall_seconds);
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, detail);
  const CURLcode code = curl_easy_perform(curl.get());
  if (target.error != 0) return ErrnoStatus(target.error, "Error downloading '" + url + "'");
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return DeadlineExceeded("Error downloading '" + url + "': stalled for " +
                            std::to_string(stall_seconds) + " seconds");
  }
  if (code != CURLE_OK) {
    return Unavailable("Error downloading '" + url + "': " +
                       (detail[0] != 0 ? detail : curl_easy_strerror(code)));
  }
  long answer = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &answer);
  if (answer == 200) return OkStatus();
  return Unavailable("Error downloading '" + url + "', received HTTP return code " +
                     std::to_string(answer));
}

}  // namespace meseta::agent
