// Runs a fuzz target without a fuzzer: every file of its corpus, then mutations of them, drawn from a
// fixed seed so that a failure repeats. The target aborts when an input breaks it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "actors/base/rng.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace meseta {
namespace {

constexpr int kMutations = 20'000;
constexpr uint64_t kSeed = 20'240'823;
constexpr uint64_t kMaxSteps = 8;        // Changes per mutation.
constexpr size_t kMaxInput = 16 * 1024;  // Bytes; copies may not double an input for ever.

std::vector<std::string> ReadCorpus() {
  std::vector<std::filesystem::path> paths;
  const std::string folder = std::string(MESETA_SOURCE_DIR) + "/tests/fuzz/corpus/";
  for (const auto& file : std::filesystem::directory_iterator(folder + MESETA_FUZZ_TARGET)) {
    paths.push_back(file.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> corpus;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return corpus;
}

size_t Position(const std::string& text, Rng* rng) { return rng->Below(text.size() + 1); }

// A piece of any input of the corpus.
std::string Piece(const std::vector<std::string>& corpus, Rng* rng) {
  const std::string& from = corpus[rng->Below(corpus.size())];
  return from.substr(Position(from, rng), rng->Below(24));
}

void MutateOnce(const std::vector<std::string>& corpus, Rng* rng, std::string* text) {
  switch (rng->Below(6)) {
    case 0:  // Flip a bit.
      if (!text->empty()) (*text)[rng->Below(text->size())] ^= static_cast<char>(1 << rng->Below(8));
      break;
    case 1:  // Any byte.
      text->insert(Position(*text, rng), 1, static_cast<char>(rng->Below(256)));
      break;
    case 2:  // Drop a piece.
      text->erase(Position(*text, rng), rng->Below(16));
      break;
    case 3:  // Drop the end.
      if (rng->Below(4) == 0) text->resize(Position(*text, rng));
      break;
    case 4:  // Repeat a piece.
      text->insert(Position(*text, rng), text->substr(Position(*text, rng), rng->Below(64)));
      break;
    default:
      text->insert(Position(*text, rng), Piece(corpus, rng));
  }
}

void RunTarget(const std::string& input) {
  ASSERT_EQ(LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size()), 0);
}

TEST(FuzzReplayTest, Corpus) {
  const std::vector<std::string> corpus = ReadCorpus();
  ASSERT_FALSE(corpus.empty());
  RunTarget("");
  for (const std::string& input : corpus) RunTarget(input);
}

TEST(FuzzReplayTest, Mutations) {
  const std::vector<std::string> corpus = ReadCorpus();
  ASSERT_FALSE(corpus.empty());
  Rng rng(kSeed);
  for (int i = 0; i < kMutations; ++i) {
    std::string text = corpus[rng.Below(corpus.size())];
    for (uint64_t step = rng.Below(kMaxSteps) + 1; step > 0; --step) {
      MutateOnce(corpus, &rng, &text);
    }
    if (text.size() > kMaxInput) text.resize(kMaxInput);
    RunTarget(text);
  }
}

}  // namespace
}  // namespace meseta
