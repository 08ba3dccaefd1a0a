// SharedMap: an ordered map whose copies share structure.
//
// A read model publishes a snapshot after each batch of changes; snapshots of 100,000 tasks must
// not cost 100,000 copies. Entries live in sorted chunks of at most kMaxChunk, chunks in blocks of
// at most kMaxBlock; a copy shares all blocks, and the next change to a shared chunk copies that
// chunk and its block's list alone. One writer owns the map it changes; the copies it gave away are
// immutable and may be read on any thread.
//
// Which of them are still the writer's own is known by edition: Freeze() (called by the writer when
// it gives a copy away) starts a new edition, and those of older editions are copied before a change.
// No reference counts are consulted, so there is no race with readers that let go of a snapshot.
// What two maps share is skipped when they are compared, too: the cost is that of what differs.
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
    const Place place = PlaceFor(key);
    if (place.block == blocks_.size()) return nullptr;
    const auto& entries = ChunkAt(place).entries;
    const auto it = LowerBound(entries, key);
    return it != entries.end() && it->first == key ? &it->second : nullptr;
  }

  void Set(const Key& key, Value value) { Put(key, std::move(value), false); }
  // As Set, but an equal key is replaced, too: for keys that are views into their value.
  void Replace(const Key& key, Value value) { Put(key, std::move(value), true); }

  // False when there is no such key.
  bool Erase(const Key& key) {
    if (Find(key) == nullptr) return false;
    const Place place = PlaceFor(key);
    Block& block = OwnBlock(place.block);
    auto& entries = OwnChunk(&block, place.chunk).entries;
    entries.erase(LowerBound(entries, key));
    --size_;
    if (!entries.empty()) return true;
    block.chunks.erase(block.chunks.begin() + static_cast<std::ptrdiff_t>(place.chunk));
    if (block.chunks.empty()) {
      blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(place.block));
    }
    return true;
  }

  void Clear() {
    blocks_.clear();
    size_ = 0;
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
    for (const auto& block : blocks_) {
      for (const auto& chunk : block->chunks) {
        for (const Entry& entry : chunk->entries) f(entry.first, entry.second);
      }
    }
  }

  // Calls f(key, before, after) in key order for each key that only one of the maps has (the other
  // pointer is null) or that is in a part that they do not share: callers compare those values.
  template <class F>
  static void ForEachUnshared(const SharedMap& before, const SharedMap& after, F f) {
    Cursor a{before};
    Cursor b{after};
    while (!a.AtEnd() || !b.AtEnd()) {
      if (Cursor::SkipShared(&a, &b)) continue;
      const Entry* left = a.AtEnd() ? nullptr : &a.entry();
      const Entry* right = b.AtEnd() ? nullptr : &b.entry();
      if (left != nullptr && right != nullptr) {
        if (left->first < right->first) right = nullptr;
        else if (right->first < left->first) left = nullptr;
      }
      f(left != nullptr ? left->first : right->first, left != nullptr ? &left->second : nullptr,
        right != nullptr ? &right->second : nullptr);
      if (left != nullptr) a.Next();
      if (right != nullptr) b.Next();
    }
  }

  // Calls f(key, value) in key order from the first key that is not less than `from`, until f
  // returns false.
  template <class F>
  void ForEachFrom(const Key& from, F f) const {
    const Place first = PlaceFor(from);
    for (size_t b = first.block; b < blocks_.size(); ++b) {
      const auto& chunks = blocks_[b]->chunks;
      for (size_t c = b == first.block ? first.chunk : 0; c < chunks.size(); ++c) {
        const auto& entries = chunks[c]->entries;
        const bool begins = b == first.block && c == first.chunk;
        for (auto it = begins ? LowerBound(entries, from) : entries.begin(); it != entries.end();
             ++it) {
          if (!f(it->first, it->second)) return;
        }
      }
    }
  }

 private:
  static constexpr size_t kMaxChunk = 32;
  static constexpr size_t kMaxBlock = 64;

  struct Chunk {
    uint64_t edition = 0;
    std::vector<Entry> entries;  // Sorted by key; never empty between calls.
  };
  struct Block {
    uint64_t edition = 0;
    std::vector<std::shared_ptr<Chunk>> chunks;  // The same.
  };
  struct Place {
    size_t block = 0;
    size_t chunk = 0;
  };

  // A place among the entries of a map, which must not change meanwhile.
  struct Cursor {
    explicit Cursor(const SharedMap& of) : map(of) {}
    [[nodiscard]] bool AtEnd() const { return block == map.blocks_.size(); }
    [[nodiscard]] const Entry& entry() const { return entries()[index]; }
    [[nodiscard]] const std::vector<Entry>& entries() const {
      return map.blocks_[block]->chunks[chunk]->entries;
    }
    void Next() {
      if (++index == entries().size()) NextChunk();
    }
    void NextChunk() {
      index = 0;
      if (++chunk == map.blocks_[block]->chunks.size()) NextBlock();
    }
    void NextBlock() {
      index = 0;
      chunk = 0;
      ++block;
    }
    // Whether both were at the beginning of the same chunk (or block) and are behind it now.
    static bool SkipShared(Cursor* a, Cursor* b) {
      if (a->AtEnd() || b->AtEnd() || a->index != 0 || b->index != 0) return false;
      const auto& left = a->map.blocks_[a->block];
      const auto& right = b->map.blocks_[b->block];
      if (left == right && a->chunk == b->chunk) {
        a->NextBlock();  // Both are behind the same chunks of it.
        b->NextBlock();
        return true;
      }
      if (left->chunks[a->chunk] != right->chunks[b->chunk]) return false;
      a->NextChunk();
      b->NextChunk();
      return true;
    }

    const SharedMap& map;
    size_t block = 0;
    size_t chunk = 0;
    size_t index = 0;
  };

  static const Key& LastOf(const Chunk& chunk) { return chunk.entries.back().first; }

  template <class Entries>
  static auto LowerBound(Entries& entries, const Key& key) {
    return std::lower_bound(entries.begin(), entries.end(), key,
                            [](const Entry& entry, const Key& k) { return entry.first < k; });
  }

  const Chunk& ChunkAt(const Place& place) const {
    return *blocks_[place.block]->chunks[place.chunk];
  }

  // The first chunk whose last key is not less than `key`; {blocks_.size(), 0} when there is none.
  Place PlaceFor(const Key& key) const {
    const auto block = std::lower_bound(
        blocks_.begin(), blocks_.end(), key, [](const std::shared_ptr<Block>& b, const Key& k) {
          return LastOf(*b->chunks.back()) < k;
        });
    Place place;
    place.block = static_cast<size_t>(block - blocks_.begin());
    if (block == blocks_.end()) return place;
    const auto& chunks = (*block)->chunks;
    const auto chunk = std::lower_bound(
        chunks.begin(), chunks.end(), key,
        [](const std::shared_ptr<Chunk>& c, const Key& k) { return LastOf(*c) < k; });
    place.chunk = static_cast<size_t>(chunk - chunks.begin());
    return place;
  }

  void Put(const Key& key, Value value, bool replace_key) {
    if (blocks_.empty()) return AddFirst(key, std::move(value));
    Place place = PlaceFor(key);
    if (place.block == blocks_.size()) {  // Behind all keys: into the last chunk.
      place.block = blocks_.size() - 1;
      place.chunk = blocks_.back()->chunks.size() - 1;
    }
    Block& block = OwnBlock(place.block);
    auto& entries = OwnChunk(&block, place.chunk).entries;
    const auto it = LowerBound(entries, key);
    if (it != entries.end() && it->first == key) {
      if (replace_key) it->first = key;
      it->second = std::move(value);
      return;
    }
    entries.insert(it, Entry(key, std::move(value)));
    ++size_;
    if (entries.size() > kMaxChunk) SplitChunk(&block, place.chunk);
    if (block.chunks.size() > kMaxBlock) SplitBlock(place.block);
  }

  void AddFirst(const Key& key, Value value) {
    auto chunk = std::make_shared<Chunk>();
    chunk->edition = edition_;
    chunk->entries.push_back(Entry(key, std::move(value)));
    auto block = std::make_shared<Block>();
    block->edition = edition_;
    block->chunks.push_back(std::move(chunk));
    blocks_.push_back(std::move(block));
    size_ = 1;
  }

  Block& OwnBlock(size_t index) {
    std::shared_ptr<Block>& block = blocks_[index];
    if (block->edition != edition_) {
      block = std::make_shared<Block>(*block);
      block->edition = edition_;
    }
    return *block;
  }

  Chunk& OwnChunk(Block* block, size_t index) {
    std::shared_ptr<Chunk>& chunk = block->chunks[index];
    if (chunk->edition != edition_) {
      auto copy = std::make_shared<Chunk>();
      copy->edition = edition_;
      copy->entries.reserve(std::min(chunk->entries.size() + 4, kMaxChunk + 1));
      copy->entries = chunk->entries;
      chunk = std::move(copy);
    }
    return *chunk;
  }

  void SplitChunk(Block* block, size_t index) {
    auto& low = block->chunks[index]->entries;
    auto high = std::make_shared<Chunk>();
    high->edition = edition_;
    MoveUpperHalf(&low, &high->entries);
    block->chunks.insert(block->chunks.begin() + static_cast<std::ptrdiff_t>(index) + 1,
                         std::move(high));
  }

  void SplitBlock(size_t index) {
    auto high = std::make_shared<Block>();
    high->edition = edition_;
    MoveUpperHalf(&blocks_[index]->chunks, &high->chunks);
    blocks_.insert(blocks_.begin() + static_cast<std::ptrdiff_t>(index) + 1, std::move(high));
  }

  template <class Things>
  static void MoveUpperHalf(Things* low, Things* high) {
    const auto middle = low->begin() + static_cast<std::ptrdiff_t>(low->size() / 2);
    high->assign(std::make_move_iterator(middle), std::make_move_iterator(low->end()));
    low->erase(middle, low->end());
  }

  std::vector<std::shared_ptr<Block>> blocks_;
  size_t size_ = 0;
  uint64_t edition_ = 1;
};

}  // namespace meseta
