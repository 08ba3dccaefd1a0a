#include "state/store/batch_codec.h"

#include <google/protobuf/arena.h>
#include <google/protobuf/io/coded_stream.h>

#include <functional>
#include <utility>

#include "state/store/batch_wire.h"

namespace meseta::store {
namespace {

constexpr size_t kMaxKeyText = 100;

Status CheckKey(std::string_view key) {
  if (key.empty()) return InvalidArgument("A key of the batch is empty; keys have 1 to 4096 bytes");
  if (key.size() > kMaxKey) {
    return InvalidArgument("The key " + KeyText(key) + " has " + std::to_string(key.size()) +
                           " bytes; keys have at most " + std::to_string(kMaxKey));
  }
  return OkStatus();
}

Status TooLarge(size_t bytes) {
  return ResourceExhausted("The batch has " + std::to_string(bytes) + " bytes, more than the " +
                           std::to_string(kMaxBatchBytes) + " of one batch; split it");
}

Status Check(const Batch& batch) {
  size_t bytes = 0;
  for (const Condition& condition : batch.conditions) {
    RETURN_IF_ERROR(CheckKey(condition.key));
    bytes += condition.key.size();
  }
  for (const Change& change : batch.changes) {
    RETURN_IF_ERROR(CheckKey(change.key));
    const size_t value = change.value ? change.value->size() : 0;
    if (value > kMaxValue) {
      return InvalidArgument("The value of " + KeyText(change.key) + " has " +
                             std::to_string(value) + " bytes; values have at most " +
                             std::to_string(kMaxValue));
    }
    bytes += change.key.size() + value;
  }
  return bytes > kMaxBatchBytes ? TooLarge(bytes) : OkStatus();
}

}  // namespace

std::string KeyText(std::string_view key) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text = "'";
  for (const char c : key.substr(0, kMaxKeyText)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      text += c;
    } else {
      text += "\\x";
      text += kHex[byte >> 4];
      text += kHex[byte & 15];
    }
  }
  return text + (key.size() > kMaxKeyText ? "...'" : "'");
}

Result<EncodedBatch> EncodeBatch(const Batch& batch) {
  RETURN_IF_ERROR(Check(batch));
  const size_t size = SizeOfBatch(batch);
  if (size > kMaxBatchBytes) return TooLarge(size);
  EncodedBatch encoded;
  SerializeBatch(batch, &encoded.bytes);
  encoded.changed.reserve(batch.changes.size());
  for (const Change& change : batch.changes) {
    encoded.changed.push_back(std::hash<std::string_view>()(change.key));
  }
  return encoded;
}

void AppendBatch(std::string_view batch, std::string* command) {
  constexpr uint8_t kTag =
      internal::StoreCommand::kBatchesFieldNumber << 3 | 2;  // A length-delimited field.
  uint8_t head[1 + 10] = {kTag};
  const uint8_t* end =
      google::protobuf::io::CodedOutputStream::WriteVarint64ToArray(batch.size(), head + 1);
  command->append(reinterpret_cast<const char*>(head), static_cast<size_t>(end - head));
  command->append(batch);
}

std::string PieceCommand(uint64_t upload, uint32_t number, std::string_view data) {
  internal::StoreCommand command;
  command.mutable_piece()->set_upload(upload);
  command.mutable_piece()->set_number(number);
  command.mutable_piece()->set_data(data.data(), data.size());
  return command.SerializeAsString();
}

std::string UploadedBatchCommand(uint64_t upload) {
  internal::StoreCommand command;
  command.set_uploaded_batch(upload);
  return command.SerializeAsString();
}

std::string DropCommand(uint64_t upload) {
  internal::StoreCommand command;
  command.add_dropped_uploads(upload);
  return command.SerializeAsString();
}

Result<Version> Answer(const internal::StoreResult& result) {
  if (result.has_version()) return result.version();
  if (result.has_failed()) {
    const auto text = [](Version version) {
      return version == 0 ? std::string("absent") : "at version " + std::to_string(version);
    };
    return FailedPrecondition("The key " + KeyText(result.failed().key()) + " is " +
                              text(result.actual()) + ", not " + text(result.failed().version()) +
                              " as the batch requires; nothing was changed");
  }
  switch (result.problem()) {
    case internal::STORE_UPLOAD_LOST:
      return Unavailable("Leadership changed while a large value was on its way; nothing was "
                         "changed, write it again");
    case internal::STORE_UPLOADS_FULL:
      return ResourceExhausted("Too many large values are on their way; nothing was changed, write "
                               "it again later");
    case internal::STORE_BAD_COMMAND:
      return Internal("The store did not understand a command of its own; nothing was changed");
    default:
      return Internal("The store answered in a way that this program does not know");
  }
}

std::vector<Result<Version>> DecodeResults(std::string_view results, size_t count) {
  std::vector<Result<Version>> answers;
  answers.reserve(count);
  google::protobuf::Arena arena;
  auto& parsed = *google::protobuf::Arena::CreateMessage<internal::StoreResults>(&arena);
  const bool whole = parsed.ParseFromArray(results.data(), static_cast<int>(results.size())) &&
                     static_cast<size_t>(parsed.results_size()) == count;
  // A command that was refused as a whole has one result.
  const bool refused = parsed.results_size() == 1 && parsed.results(0).has_problem();
  for (size_t i = 0; i < count; ++i) {
    if (whole || refused) {
      answers.push_back(Answer(parsed.results(whole ? static_cast<int>(i) : 0)));
    } else {
      answers.push_back(Result<Version>(Internal("The store's answers do not fit to what was asked")));
    }
  }
  return answers;
}

}  // namespace meseta::store
