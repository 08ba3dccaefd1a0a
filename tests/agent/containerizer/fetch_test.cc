// Goal: URIs arrive before the command runs, failures end the launch, a kill stops a fetch.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "tests/agent/containerizer/containerizer_fixture.h"

namespace meseta::agent {
namespace {

using Cause = ContainerExited::Cause;

TEST_F(PosixContainerizerTest, FetchedFilesAreTheUsers) {
  std::ofstream(root_ + "/tool") << "#!/bin/sh\necho from the tool as `id -u`\n";
  const ContainerId id("fetched");
  ContainerSpec spec = Shell("fetched", "./bin/tool");
  auto* uri = spec.command.add_uris();
  uri->set_value(root_ + "/tool");
  uri->set_executable(true);
  uri->set_output_file("bin/tool");
  if (geteuid() == 0) spec.user = "nobody";
  (*host_)->Launch(spec);
  host_->Expect<ContainerStarted>(id);
  EXPECT_EQ(host_->Expect<ContainerExited>(id).wait_status, 0);
  struct stat sandbox;
  struct stat tool;
  ASSERT_EQ(stat(Sandbox("fetched").c_str(), &sandbox), 0);
  ASSERT_EQ(stat((Sandbox("fetched") + "/bin/tool").c_str(), &tool), 0);
  EXPECT_EQ(tool.st_uid, sandbox.st_uid);
  EXPECT_EQ(Output("fetched"), "from the tool as " + std::to_string(sandbox.st_uid) + "\n");
  EXPECT_NE(Output("fetched", "stderr").find("Fetched '"), std::string::npos);
}

TEST_F(PosixContainerizerTest, FailedFetchIsASentence) {
  const ContainerId id("missing");
  ContainerSpec spec = Shell("missing", "true");
  spec.command.add_uris()->set_value("/no/such/file");
  (*host_)->Launch(spec);
  EXPECT_EQ(host_->Expect<ContainerFailed>(id).status.message(),
            "Failed to launch container: Failed to fetch all URIs for container 'missing': "
            "Failed to fetch '/no/such/file': Failed to copy '/no/such/file': "
            "No such file or directory");
}

TEST_F(PosixContainerizerTest, OutputFileCannotEscape) {
  std::ofstream(root_ + "/data") << "x";
  for (const char* output : {"../escaped", "/tmp/meseta-escaped", "a/../../escaped"}) {
    const ContainerId id("escape" + std::to_string(std::string(output).size()));
    ContainerSpec spec = Shell(id.value(), "true");
    auto* uri = spec.command.add_uris();
    uri->set_value(root_ + "/data");
    uri->set_output_file(output);
    (*host_)->Launch(spec);
    EXPECT_NE(host_->Expect<ContainerFailed>(id).status.message().find("output file"),
              std::string::npos);
  }
}

TEST_F(PosixContainerizerTest, KillStopsAFetch) {
  // A server that accepts (by its backlog) and never answers.
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(listener, 8), 0);
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  const ContainerId id("slow");
  ContainerSpec spec = Shell("slow", "touch ran");
  spec.command.add_uris()->set_value("http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) +
                                     "/x");
  (*host_)->Launch(spec);
  const int peer = accept(listener, nullptr, nullptr);  // The fetcher has come.
  ASSERT_GE(peer, 0);
  (*host_)->Kill(id, Duration::Seconds(60));
  const auto exited = host_->Expect<ContainerExited>(id);
  EXPECT_EQ(exited.cause, Cause::kKilled);
  char buffer[4096];
  while (read(peer, buffer, sizeof(buffer)) > 0) {
  }  // Ends when the helper is dead.
  close(peer);
  close(listener);
  EXPECT_NE(access((Sandbox("slow") + "/ran").c_str(), F_OK), 0);
}

}  // namespace
}  // namespace meseta::agent
