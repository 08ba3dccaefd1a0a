# Principals and secrets, which HTTP authentication needs, too.
meseta_library(meseta_credentials
  credentials.cc credentials_file.cc
  DEPS meseta_base meseta_json Boost::json)
# Links between daemons. meseta_link_core is their pure part, usable by simulators.
meseta_library(meseta_link_core
  dial_core.cc envelope_codec.cc frame_codec.cc link_auth.cc link_core.cc
  send_queue.cc
  DEPS meseta_base meseta_credentials meseta_messages)
meseta_library(meseta_net
  link_connection.cc link_registry.cc link_transport.cc link_upgrade.cc
  DEPS meseta_link_core meseta_stream)
