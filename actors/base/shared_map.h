// SharedMap: an ordered map whose copies share structure.
//
// A read model publishes a snapshot after each batch of changes; snapshots of 100,000 tasks must
// not cost 100,000 copies. Entries live in sorted chunks of at most kMaxChunk; a copy shares all
// chunks, and the next change to a shared chunk copies that chunk alone. One writer owns the map it
// changes; the copies it gave away are immutable and may be read on any thread.
//
// Which chunks are still the writer's own is known by edition: Freeze() (called by the writer when it
// gives a copy away) starts a new edition, and chunks of older editions are copied before a change.
// No reference counts are consulted, so there is no race with readers that let go of a snapshot.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

namespace meseta {

template <class Key, class Value>
class SharedMap {
 public:
  using Entry = std::pair<Key, Value>;

  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  // The value, or null. Valid until the next change of this map object.
  [[nodiscard]] const Value* Find(const Key& key) const {
    const size_t index = ChunkFor(key);
    if (index == chunks_.size()) return nullptr;
    const auto& entries = chunks_[index]->entries;
    const auto it = LowerBound(entries, key);
    return it != entries.end() && it->first == key ? &it->second : nullptr;
  }

  void Set(const Key& key, Value value) {
    if (chunks_.empty()) {
      auto first = std::make_shared<Chunk>();
      first->edition = edition_;
      first->entries.push_back(Entry(key, std::move(value)));
      chunks_.push_back(std::move(first));
      size_ = 1;
      return;
    }
    const size_t index = std::min(ChunkFor(key), chunks_.size() - 1);
    auto& entries = Own(index).entries;
    const auto it = LowerBound(entries, key);
    if (it != entries.end() && it->first == key) {
      it->second = std::move(value);
      return;
    }
    entries.insert(it, Entry(key, std::move(value)));
    ++size_;
    if (entries.size() > kMaxChunk) Split(index);
  }

  // False when there is no such key.
  bool Erase(const Key& key) {
    if (Find(key) == nullptr) return false;
    const size_t index = ChunkFor(key);
    auto& entries = Own(index).entries;
    entries.erase(LowerBound(entries, key));
    --size_;
    if (entries.empty()) chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(index));
    return true;
  }

  void Clear() {
    chunks_.clear();
    size_ = 0;
  }

  // As Set, but an equal key is replaced, too: for keys that are views into their value.
  void Replace(const Key& key, Value value) {
    if (Find(key) == nullptr) return Set(key, std::move(value));
    auto& entries = Own(ChunkFor(key)).entries;
    *LowerBound(entries, key) = Entry(key, std::move(value));
  }

  // A copy to give away; everything in it is shared from now on.
  [[nodiscard]] SharedMap Freeze() {
    SharedMap copy = *this;
    ++edition_;
    return copy;
  }

  // Calls f(key, value) in key order.
  template <class F>
  void ForEach(F f) const {
    for (const auto& chunk : chunks_) {
      for (const Entry& entry : chunk->entries) f(entry.first, entry.second);
    }
  }

  // Calls f(key, value) in key order from the first key that is not less than `from`, until f
  // returns false.
  template <class F>
  void ForEachFrom(const Key& from, F f) const {
    const size_t first = ChunkFor(from);
    for (size_t i = first; i < chunks_.size(); ++i) {
      const auto& entries = chunks_[i]->entries;
      for (auto it = i == first ? LowerBound(entries, from) : entries.begin(); it != entries.end();
           ++it) {
        if (!f(it->first, it->second)) return;
      }
    }
  }

 private:
  static constexpr size_t kMaxChunk = 128;

  struct Chunk {
    uint64_t edition = 0;
    std::vector<Entry> entries;  // Sorted by key; never empty between calls.
  };

  template <class Entries>
  static auto LowerBound(Entries& entries, const Key& key) {
    return std::lower_bound(entries.begin(), entries.end(), key,
                            [](const Entry& entry, const Key& k) { return entry.first < k; });
  }

  // The first chunk whose last key is not less than `key`; chunks_.size() when there is none.
  size_t ChunkFor(const Key& key) const {
    const auto it = std::lower_bound(
        chunks_.begin(), chunks_.end(), key, [](const std::shared_ptr<Chunk>& chunk, const Key& k) {
          return chunk->entries.back().first < k;
        });
    return static_cast<size_t>(it - chunks_.begin());
  }

  Chunk& Own(size_t index) {
    std::shared_ptr<Chunk>& chunk = chunks_[index];
    if (chunk->edition != edition_) {
      auto copy = std::make_shared<Chunk>(*chunk);
      copy->edition = edition_;
      chunk = std::move(copy);
    }
    return *chunk;
  }

  void Split(size_t index) {
    auto& low = chunks_[index]->entries;
    auto high = std::make_shared<Chunk>();
    high->edition = edition_;
    const auto middle = low.begin() + static_cast<std::ptrdiff_t>(low.size() / 2);
    high->entries.assign(std::make_move_iterator(middle), std::make_move_iterator(low.end()));
    low.erase(middle, low.end());
    chunks_.insert(chunks_.begin() + static_cast<std::ptrdiff_t>(index) + 1, std::move(high));
  }

  std::vector<std::shared_ptr<Chunk>> chunks_;
  size_t size_ = 0;
  uint64_t edition_ = 1;
};

}  // namespace meseta
