// WaitingEntry: one app in the launch queue, and what the offers so far came to. Its figures are
// bounded: totals, one byte per agent, and the last few offers in full.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "frameworks/services/launch/offer_left.h"
#include "frameworks/services/launch/waiting_app.h"

namespace meseta::services {

class WaitingEntry {
 public:
  // Agents beyond this are counted in the totals only.
  static constexpr uint32_t kMaxAgents = 16'384;
  // A nearest offer that was not confirmed for so long is replaced by any other.
  static constexpr int64_t kNearestMs = 240'000;

  WaitingEntry(AppPtr app, uint32_t count, int64_t now_ms);

  [[nodiscard]] const AppPtr& app() const { return waiting_.app; }
  [[nodiscard]] const Needs& needs() const { return needs_; }
  [[nodiscard]] const std::string& role() const { return waiting_.app->role(); }
  [[nodiscard]] uint32_t count() const { return waiting_.count; }
  [[nodiscard]] int64_t delayed_until_ms() const { return waiting_.delayed_until_ms; }

  // Figures start over when what it asks for is another.
  void SetApp(AppPtr app, int64_t now_ms);
  void SetCount(uint32_t count);
  void SetDelay(int64_t until_ms, uint32_t failures);

  // `agent`: its number, for the figures by agent.
  void Used(uint32_t agent, int64_t now_ms);
  void Refused(uint32_t agent, const std::shared_ptr<const v1::Offer>& offer, MatchRefusal refusal,
               int64_t now_ms);
  // Numbers of agents have another meaning from now on.
  void ForgetAgents();

  // The same pointer until something changes.
  [[nodiscard]] WaitingPtr Get() const;

  uint64_t order = 0;  // Of being served; owned by the queue.
  bool delayed = false;

 private:
  void SetOutcome(uint32_t agent, uint8_t outcome);
  void Count(uint8_t outcome, int by);
  void Remember(uint32_t agent, WaitingApp::Unused unused);
  void RememberNearest(const std::string& host, const MatchRefusal& refusal, int64_t now_ms);

  struct Stored {
    uint32_t agent = 0;
    uint64_t number = 0;  // Rising.
    WaitingApp::Unused unused;
  };

  Needs needs_;
  WaitingApp waiting_;          // Without `unused`.
  std::vector<Stored> unused_;  // At most kMaxUnused, one per agent.
  uint64_t stored_ = 0;
  std::vector<uint8_t> outcomes_;  // By agent: 0 none, kMatched, or 1 + reason.
  mutable WaitingPtr shown_;       // Null: to be made again.
};

}  // namespace meseta::services
