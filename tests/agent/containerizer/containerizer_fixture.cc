#include "tests/agent/containerizer/containerizer_fixture.h"

#include <boost/asio/post.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>

#include "agent/isolators/posix_isolator.h"

namespace meseta::agent {
namespace {

// Generous: the machine may be busy. Never reached when all is well.
constexpr auto kPatience = std::chrono::seconds(60);

}  // namespace

ContainerizerHost::ContainerizerHost(const std::string& work_directory)
    : guard_(io_.get_executor()), thread_([this] { io_.run(); }),
      pool_(std::make_unique<boost::asio::thread_pool>(3)) {
  PosixContainerizer::Options options;
  options.runs_directory = work_directory + "/runs";
  options.shim_program = MESETA_BINARY_DIR "/bin/meseta-shim";
  options.fetcher_program = MESETA_BINARY_DIR "/bin/meseta-fetcher";
  options.fetcher_stall_timeout = Duration::Seconds(20);
  std::vector<std::unique_ptr<Isolator>> isolators;
  isolators.push_back(std::make_unique<PosixIsolator>());
  containerizer_ = std::make_unique<PosixContainerizer>(
      options, std::move(isolators), io_,
      [this](std::function<void()> work) { boost::asio::post(*pool_, std::move(work)); },
      [this](ContainerEvent event) {
        const std::lock_guard lock(mutex_);
        const ContainerId id = std::visit([](const auto& one) { return one.id; }, event);
        events_[id].push_back(std::move(event));
        changed_.notify_all();
      });
}

ContainerizerHost::~ContainerizerHost() {
  containerizer_ = nullptr;
  pool_->join();
  guard_.reset();
  io_.stop();
  thread_.join();
}

ContainerEvent ContainerizerHost::Next(const ContainerId& id) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, kPatience, [&] { return !events_[id].empty(); })) {
    ADD_FAILURE() << "no event of " << id;
    return ContainerRecovered{};
  }
  ContainerEvent event = events_[id].front();
  events_[id].erase(events_[id].begin());
  return event;
}

size_t ContainerizerHost::Pending(const ContainerId& id) {
  const std::lock_guard lock(mutex_);
  return events_[id].size();
}

Result<v1::ResourceStatistics> ContainerizerHost::Usage(const ContainerId& id) {
  std::promise<Result<v1::ResourceStatistics>> promise;
  auto future = promise.get_future();
  containerizer_->Usage(id, [&](Result<v1::ResourceStatistics> usage) {
    promise.set_value(std::move(usage));
  });
  return future.get();
}

std::string ContainerizerHost::Describe(const ContainerEvent& event) {
  std::ostringstream text;
  if (const auto* failed = std::get_if<ContainerFailed>(&event)) text << failed->status;
  if (const auto* exited = std::get_if<ContainerExited>(&event)) {
    text << "exited, cause " << static_cast<int>(exited->cause) << ", status "
         << exited->wait_status;
  }
  return text.str();
}

PosixContainerizerTest::PosixContainerizerTest() {
  char name[] = "/tmp/meseta-containers-XXXXXX";
  root_ = mkdtemp(name);
  std::filesystem::permissions(root_, std::filesystem::perms(0755));
  host_ = std::make_unique<ContainerizerHost>(root_);
}

PosixContainerizerTest::~PosixContainerizerTest() {
  host_ = nullptr;
  std::error_code ignored;
  std::filesystem::remove_all(root_, ignored);
}

ContainerSpec PosixContainerizerTest::Shell(const std::string& id,
                                            const std::string& command) const {
  ContainerSpec spec;
  spec.id = ContainerId(id);
  spec.sandbox = Sandbox(id);
  spec.command.set_value(command);
  spec.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}};
  spec.kill_grace = Duration::Seconds(60);
  return spec;
}

std::string PosixContainerizerTest::Output(const std::string& id, const std::string& file) const {
  std::ifstream in(Sandbox(id) + "/" + file);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

void PosixContainerizerTest::AwaitFile(const std::string& id, const std::string& file) const {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (!std::filesystem::exists(Sandbox(id) + "/" + file)) {
    ASSERT_LT(std::chrono::steady_clock::now(), until) << "no file " << file;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

}  // namespace meseta::agent
