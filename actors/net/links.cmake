# Links between daemons. meseta_link_core is their pure part, usable by simulators.
meseta_library(meseta_link_core
  credentials.cc credentials_file.cc dial_core.cc envelope_codec.cc frame_codec.cc link_auth.cc link_core.cc
  send_queue.cc
  DEPS meseta_base meseta_json meseta_messages Boost::json)
meseta_library(meseta_net
  link_connection.cc link_registry.cc link_transport.cc link_upgrade.cc
  DEPS meseta_link_core meseta_stream)
