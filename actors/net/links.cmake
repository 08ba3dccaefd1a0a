# Links between daemons. meseta_link_core is their pure part, usable by simulators.
meseta_library(meseta_link_core
  credentials.cc credentials_file.cc dial_core.cc frame_codec.cc link_auth.cc link_core.cc
  send_queue.cc
  DEPS meseta_base meseta_json meseta_messages Boost::json)
