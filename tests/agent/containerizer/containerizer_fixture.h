// A PosixContainerizer over the built binaries, with its loop and workers, as the agent has it.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "agent/containerizer/posix_containerizer.h"

namespace meseta::agent {

// One agent's worth. Containers outlive it.
class ContainerizerHost {
 public:
  explicit ContainerizerHost(const std::string& work_directory);
  ~ContainerizerHost();

  PosixContainerizer& operator*() { return *containerizer_; }
  PosixContainerizer* operator->() { return containerizer_.get(); }

  // Waits for the next event of this container, in order; fails the test after a minute.
  ContainerEvent Next(const ContainerId& id);
  // Waits for the next event and expects it to be an Event.
  template <class Event>
  Event Expect(const ContainerId& id) {
    const ContainerEvent event = Next(id);
    const auto* found = std::get_if<Event>(&event);
    EXPECT_NE(found, nullptr) << "index " << event.index() << ": " << Describe(event);
    return found == nullptr ? Event() : *found;
  }
  Result<v1::ResourceStatistics> Usage(const ContainerId& id);
  // How many events of this container have not been taken.
  size_t Pending(const ContainerId& id);

  static std::string Describe(const ContainerEvent& event);

 private:
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
  std::thread thread_;
  std::unique_ptr<boost::asio::thread_pool> pool_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<ContainerId, std::vector<ContainerEvent>> events_;
  std::unique_ptr<PosixContainerizer> containerizer_;
};

class PosixContainerizerTest : public testing::Test {
 protected:
  PosixContainerizerTest();
  ~PosixContainerizerTest() override;

  // A shell command in a sandbox of its own.
  ContainerSpec Shell(const std::string& id, const std::string& command) const;
  [[nodiscard]] std::string Sandbox(const std::string& id) const { return root_ + "/sandboxes/" + id; }
  [[nodiscard]] std::string Output(const std::string& id, const std::string& file = "stdout") const;
  // Waits until the sandbox has a file of this name; fails the test after a minute.
  void AwaitFile(const std::string& id, const std::string& file) const;

  std::string root_;
  std::unique_ptr<ContainerizerHost> host_;
};

}  // namespace meseta::agent
