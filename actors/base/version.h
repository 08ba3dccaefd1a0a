// The version that daemons and clients see.
//
// Meseta speaks the API of Mesos 1.11 and reports a version number that clients of that API accept
// (some compare it); its own number follows as build metadata where free text is allowed.
#pragma once

namespace meseta {

inline constexpr char kApiVersion[] = "1.11.0";  // What /version and MasterInfo say.
inline constexpr char kMesetaVersion[] = "0.1.0";

}  // namespace meseta
