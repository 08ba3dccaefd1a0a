// Pieces of Explain's sentences. Pure.
#pragma once

#include <string>
#include <vector>

#include "frameworks/services/launch/explain.h"

namespace meseta::services {

// "1 agent", "3 agents"
[[nodiscard]] std::string Counted(uint64_t count, const std::string& noun);
// "512 MB", "6.2 GB"
[[nodiscard]] std::string ShowMegabytes(double megabytes);
// "12 s", "3 min 20 s", "2 h 5 min"; rounded up to seconds.
[[nodiscard]] std::string ShowMillis(int64_t ms);

// Why the offers so far did not suit, and the numbers behind it: "no agent has 8 GB free, largest
// is 6.2 GB on agent-7; 2 agents excluded by hostname UNIQUE". Empty: none was refused.
[[nodiscard]] std::string ExplainOffers(const WaitingApp& waiting,
                                        std::vector<Explanation::Number>* numbers);

}  // namespace meseta::services
