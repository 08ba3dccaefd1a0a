#include "agent/emulator/emulator_flags.h"

#include "agent/master_addresses.h"
#include "state/model/attributes.h"

namespace meseta::agent {
namespace {

auto Between(int least, int most) {
  return [least, most](int n) {
    if (n >= least && n <= most) return OkStatus();
    return InvalidArgument("expecting a number from " + std::to_string(least) + " to " +
                           std::to_string(most));
  };
}

Status NotNegative(double value) {
  return value >= 0 && value <= 1e9 ? OkStatus() : InvalidArgument("expecting 0 or more");
}

}  // namespace

void EmulatorFlags::AddTo(FlagSet& flags) {
  flags.Add(&master, "master", "Masters to register with, host:port each, separated by commas.")
      .Group(kEssential)
      .ValueName("HOST:PORT,...")
      .Required()
      .Check(CheckMasters);
  flags.Add(&agents, "agents", "How many agents to be.")
      .Group(kEssential)
      .Required()
      .Check(Between(1, kMaxEmulatedAgents));
  flags.Add(&links, "links", "Links to each master that the agents share.")
      .Group(kEssential)
      .Check(Between(1, kMaxEmulatorLinks));
  flags.Add(&cpus, "cpus", "CPUs that each agent offers.").Group(kEssential).Check(NotNegative);
  flags.Add(&mem, "mem", "Memory that each agent offers, in MB.").Group(kEssential).Check(NotNegative);
  flags.Add(&disk, "disk", "Disk that each agent offers, in MB.").Group(kEssential).Check(NotNegative);
  flags.Add(&attributes, "attributes", "Attributes of each agent, such as \"rack:r1;gen:3\".")
      .Group(kEssential)
      .Check([](const std::string& text) { return model::ParseAttributes(text).status(); });
  flags.Add(&task_duration, "task_duration",
            "How long tasks run whose command is not `sleep SECONDS`; unset: until they are killed.")
      .Group(kEssential)
      .Check([](const Duration& d) {
        return d >= Duration() ? OkStatus() : InvalidArgument("expecting a duration not below zero");
      });
  flags.Add(&fail_ratio, "fail_ratio", "Share of the tasks that end by themselves which fail, 0 to 1.")
      .Group(kEssential)
      .Check([](double value) {
        return value >= 0 && value <= 1 ? OkStatus()
                                        : InvalidArgument("expecting a number from 0 to 1");
      });
  flags.Add(&first, "first",
            "Number of the first agent: several emulators at one master need numbers of their own.")
      .Check(Between(1, 1'000'000'000));
  flags.Add(&name, "name", "Hostnames are NAME-1, NAME-2 and so on.");
  flags.Add(&ip, "ip", "Address that the agents claim to be at; nobody listens there.");
  flags.Add(&port, "port", "Port that the agents claim to be at.").Check(Between(1, 65535));
  flags.Add(&unregister, "unregister",
            "Take leave of the master when stopped; otherwise it waits for the agents to come back.");
  flags.Add(&json, "json", "Write figures as one JSON object to stdout at the end.");
  flags.Add(&credential, "credential", "File with the principal and secret to show to masters.")
      .Group(kSecurity);
  flags.Add(&tls_ca_file, "tls_ca_file", "CA certificates that masters are checked against (PEM); turns TLS on.")
      .Group(kSecurity);
  logging.AddTo(flags);
}

}  // namespace meseta::agent
